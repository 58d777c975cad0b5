// Reads {requests: [{id, action, resource, context, statements, resourcePolicy}]} from standard
// input, writes [[id, decision]]: Allowed, ImplicitlyDenied, ExplicitlyDenied, or an error's name
// (an action that IAM does not know, a resource that the action does not take).
import { readFileSync } from 'node:fs'
import { runSimulation } from '@cloud-copilot/iam-simulate'

const { account, requests } = JSON.parse(readFileSync(0, 'utf8'))
const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }

async function decide({ action, resource, context, statements, resourcePolicy }) {
  const answer = await runSimulation(
    {
      request: {
        principal: `arn:aws:iam::${account}:role/asking`,
        action,
        resource: { resource, accountId: account },
        contextVariables: context ?? {},
      },
      identityPolicies: [{ name: 'role', policy: { Version: '2012-10-17', Statement: statements } }],
      serviceControlPolicies: [{ orgIdentifier: 'ou-1', policies: [{ name: 'all', policy: everything }] }],
      resourceControlPolicies: [],
      resourcePolicy,
    },
    {},
  )
  return answer.resultType === 'error' ? `error: ${answer.errors.message}` : answer.overallResult
}

const decisions = []
for (const request of requests) decisions.push([request.id, await decide(request)])
console.log(JSON.stringify(decisions))
