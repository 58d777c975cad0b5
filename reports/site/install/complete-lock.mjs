// Run after a deliberate `npm install`: `node install/complete-lock.mjs`. npm leaves out of
// package-lock.json what other platforms would install, where the registry it asked has no
// such package, and then its own `npm ci` refuses the lock ("Missing: … from lock file").
// This adds an entry, without a digest, for each optional package that is wanted and absent,
// with the system and processor its name tells, so that only those machines ask for it.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const path = join(dirname(fileURLToPath(import.meta.url)), '..', 'package-lock.json');
const lock = JSON.parse(readFileSync(path, 'utf8'));
const { packages } = lock;

/** Whether a package at `place` would find `name`, here or in a folder above. */
function isFound(place, name) {
	for (let folder = place; ; folder = folder.slice(0, folder.lastIndexOf('/node_modules/'))) {
		if (`${folder}/node_modules/${name}` in packages) return true;
		if (!folder.includes('/node_modules/')) return `node_modules/${name}` in packages;
	}
}

const SYSTEMS = { android: 'android', darwin: 'darwin', freebsd: 'freebsd', linux: 'linux', linuxmusl: 'linux',
	netbsd: 'netbsd', openbsd: 'openbsd', openharmony: 'openharmony', win32: 'win32', windows: 'win32' };
const PROCESSORS = ['arm64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64'];

/** `{ os, cpu }` of a package such as `@rollup/rollup-darwin-x64`. */
function platformOf(name) {
	const words = name.split(/[/-]/);
	const system = words.map((word) => SYSTEMS[word]).find(Boolean);
	const processor = PROCESSORS.find((known) => words.some((word) => word === known));
	return { ...(processor && { cpu: [processor] }), ...(system && { os: [system] }) };
}

let added = 0;
for (const [place, entry] of Object.entries({ ...packages })) {
	for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
		if (isFound(place, name)) continue;
		const top = `node_modules/${name}`;
		const free = top in packages ? `${place}/${top}` : top;
		packages[free] = { version, optional: true, ...platformOf(name) };
		added += 1;
	}
}
const sorted = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(path, `${JSON.stringify({ ...lock, packages: sorted }, null, 2)}\n`);
console.log(`${added} optional packages of other platforms added`);
