// Run by npm after every install, again without harm. Fails where Evidence is not the version
// it was written for.
//
// 1. The only DuckDB-WASM that has Parquet inside (1.28.0, held by `overrides`) does not know
//    two settings that @evidence-dev/universal-sql sets; the newer ones fetch Parquet from the
//    internet at run time. So those two lines go.
// 2. DuckDB-WASM (3 MB) is loaded by the first query a reader causes, not by every page.
// 3. A query that is not answered yet keeps the rows of the one before it, and so does one
//    that fails: the pages never say "no data" of what is only loading.
// 4. A viewer of the page's SQL, hidden on every page, brings 500 kB of charts along.
// 5. Evidence's handle on other people's share cards goes; Head.svelte writes the title.
// 6. The template's own pages /settings and /explore (a form for the developer, a console for
//    SQL) bring 7 MB of scripts and half of the build's time. Nothing of ours leads there.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = join(dirname(fileURLToPath(import.meta.url)), '..', 'node_modules', '@evidence-dev');
const VERSIONS = { 'universal-sql': '3.0.1', evidence: '40.1.8', sdk: '4.0.2', preprocess: '6.0.7' };
const MARK = '// wistia-elt: changed by install/patch-evidence.mjs\n';

const LAYOUT = 'evidence/template/src/pages/+layout.js';
const QUERY = 'sdk/src/usql/query/Query.js';
const PREPROCESS = 'preprocess/dist/index.mjs';
// File, what stands there once, what takes its place.
const EDITS = [
	...['browser.js', 'node.js'].flatMap((name) =>
		['SET ieee_floating_point_ops', 'SET old_implicit_casting'].map((setting) => [
			`universal-sql/src/client-duckdb/${name}`,
			new RegExp(`^.*${setting}.*\\n`, 'm'),
			''
		])
	),
	// Its worker says nothing of an engine that it cannot fetch or may not compile: asked here first.
	[
		'universal-sql/src/client-duckdb/browser.js',
		'await _db.instantiate(DUCKDB_CONFIG.mainModule);',
		`const engine = await fetch(DUCKDB_CONFIG.mainModule);
		if (!engine.ok) throw new Error('the query engine cannot be loaded');
		await engine.arrayBuffer();
		new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
		await _db.instantiate(DUCKDB_CONFIG.mainModule);`
	],
	[
		LAYOUT,
		'const database_initialization = profile(loadDB);',
		'let started;\nconst startDatabase = () => (started ??= profile(loadDB));\nif (!browser) startDatabase();'
	],
	[LAYOUT, 'if (!browser) await database_initialization;', 'if (!browser) await startDatabase();'],
	[LAYOUT, 'await database_initialization;\n\t\t\t\tconst result', 'await startDatabase();\n\t\t\t\tconst result'],
	[LAYOUT, 'return database_initialization;', 'return startDatabase();'],
	[QUERY, 'loadGracePeriod = 250', 'loadGracePeriod = 2 ** 31 - 1'],
	[QUERY, 'if (changeIdx !== targetChangeIdx) {', 'if (changeIdx !== targetChangeIdx || newQuery.error) {'],
	[PREPROCESS, /\{#if \$\{queryId\} \}\s*<QueryViewer[^>]*\/>\s*\{\/if\}/, ''],
	[PREPROCESS, /<!-- Title has a default case[\s\S]*?\{\/if\}/, ''],
	[PREPROCESS, /<!-- default twitter cardtags -->[\s\S]*?@evidence_dev" \/>/, '']
];

function fail(what) {
	console.error(`error: ${what}`);
	console.error('try: put back the versions of package.json, or mend install/patch-evidence.mjs');
	process.exit(1);
}

for (const [name, wanted] of Object.entries(VERSIONS)) {
	const { version } = JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8'));
	if (version !== wanted) fail(`@evidence-dev/${name} is ${version}; the patch is for ${wanted}`);
}

for (const file of new Set(EDITS.map(([name]) => name))) {
	const path = join(packages, file);
	let text = readFileSync(path, 'utf8');
	if (text.startsWith(MARK)) continue;
	for (const [, there, instead] of EDITS.filter(([name]) => name === file)) {
		const parts = text.split(there);
		if (parts.length !== 2) fail(`${file} of Evidence has changed`);
		text = parts.join(instead);
	}
	writeFileSync(path, MARK + text);
}

const pages = join(packages, 'evidence', 'template', 'src', 'pages');
if (!existsSync(join(pages, '+layout.js'))) fail('the template of @evidence-dev/evidence has changed');
for (const name of ['settings', 'explore']) rmSync(join(pages, name), { recursive: true, force: true });
