// Run by npm after every install, again without harm. Fails where Evidence is not the version
// it was written for.
//
// 1. The only DuckDB-WASM that has Parquet inside (1.28.0, held by `overrides`) does not know
//    two settings that @evidence-dev/universal-sql sets; the newer ones fetch Parquet from the
//    internet at run time. So those two lines go.
// 2. The template's own pages /settings and /explore (a form for the developer, a console for
//    SQL) bring 7 MB of scripts and half of the build's time. Nothing of ours leads there.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = join(dirname(fileURLToPath(import.meta.url)), '..', 'node_modules', '@evidence-dev');
const VERSIONS = { 'universal-sql': '3.0.1', evidence: '40.1.8' };
const SETTINGS = ['SET ieee_floating_point_ops', 'SET old_implicit_casting'];
const MARK = '// wistia-elt: settings of a newer DuckDB are left out';

function fail(what) {
	console.error(`error: ${what}`);
	console.error('try: put back the versions of package.json, or mend install/patch-evidence.mjs');
	process.exit(1);
}

for (const [name, wanted] of Object.entries(VERSIONS)) {
	const { version } = JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8'));
	if (version !== wanted) fail(`@evidence-dev/${name} is ${version}; the patch is for ${wanted}`);
}

for (const name of ['browser.js', 'node.js']) {
	const path = join(packages, 'universal-sql', 'src', 'client-duckdb', name);
	const text = readFileSync(path, 'utf8');
	if (text.includes(MARK)) continue;
	const lines = text.split('\n');
	const found = SETTINGS.map((setting) => lines.filter((line) => line.includes(setting)).length);
	if (found.some((count) => count !== 1)) fail(`${name} of @evidence-dev/universal-sql has changed`);
	const kept = lines.filter((line) => !SETTINGS.some((setting) => line.includes(setting)));
	writeFileSync(path, `${MARK}\n${kept.join('\n')}`);
}

const pages = join(packages, 'evidence', 'template', 'src', 'pages');
if (!existsSync(join(pages, '+layout.js'))) fail('the template of @evidence-dev/evidence has changed');
for (const name of ['settings', 'explore']) rmSync(join(pages, name), { recursive: true, force: true });
