// npm run release -- [--dry-run]: checks what is to be released, builds and tests it, packs each package as `npm publish --provenance`
// would, and checks the packed files. Then, but for --dry-run, it dates CHANGELOG.md, commits and tags. It publishes nothing: the
// continuous integration of the tag does, whose identity is the provenance.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const BRANCH = 'main';
const CHANGES = 'CHANGELOG.md';
const CITATION = 'CITATION.cff';
const PUBLISH = ['--provenance', '--access', 'public'];
/** No package is larger, packed. */
const LARGEST = 16 * 2 ** 20;
const NEEDED = ['package.json', 'README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts'];
const ALLOWED = /^(package\.json|README\.md|LICENSE|(dist|src|bin|pretrained)\/.+)$/;
const STRAY = /(^|\/)\.(env|npmrc|git|DS_Store)|\.tsbuildinfo$|\.test\.|\.(pem|key|log|tgz)$/;

const root = process.cwd();
const run = (command, args, options = {}) =>
  execFileSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28, ...options });
const git = (...args) => run('git', args).trim();
const json = (file) => JSON.parse(readFileSync(join(root, file), 'utf8'));

/** Packages that are published, in the order in which each finds what it needs. */
function packages({ workspaces }) {
  const all = workspaces.map((folder) => ({ folder, ...json(`${folder}/package.json`) }));
  const names = new Set(all.map(({ name }) => name));
  const needs = ({ dependencies = {} }) => Object.keys(dependencies).filter((name) => names.has(name));
  const sorted = [];
  const add = (one) => {
    for (const name of needs(one)) add(all.find((other) => other.name === name));
    if (!sorted.includes(one)) sorted.push(one);
  };
  for (const one of all) if (!one.private) add(one);
  return sorted;
}

/** What stands below `## Unreleased`. */
function unreleased(changes) {
  const [, section = ''] = /^## Unreleased\n([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(changes) ?? [];
  return section;
}

/** Why this checkout is not released as it is, a line each. */
function refusals(manifest, published, dryRun) {
  const found = [];
  const changed = git('status', '--porcelain');
  if (changed !== '') {
    const files = changed.split('\n');
    found.push(
      `the working tree is not clean: commit or remove ${files.length} file(s), such as ${files[0].slice(2).trim()}`,
    );
  }
  const branch = git('rev-parse', '--abbrev-ref', 'HEAD');
  if (branch !== BRANCH) found.push(`this is the branch '${branch}': releases are made on '${BRANCH}'`);
  const changes = existsSync(join(root, CHANGES)) ? readFileSync(join(root, CHANGES), 'utf8') : '';
  if (!/^- /m.test(unreleased(changes))) found.push(`${CHANGES} has no change under 'Unreleased': say what is new`);
  const tag = `v${manifest.version}`;
  if (git('tag', '--list', tag) !== '') {
    const raise = 'npm version minor --workspaces --include-workspace-root --no-git-tag-version';
    found.push(`the tag ${tag} exists: raise the version (${raise})`);
  }
  for (const { folder, name, version, dependencies = {}, repository } of published) {
    if (version !== manifest.version) found.push(`${folder} has version ${version}, the checkout ${manifest.version}`);
    for (const other of published) {
      const asked = dependencies[other.name];
      if (asked !== undefined && asked !== manifest.version)
        found.push(`${name} asks for ${other.name} ${asked}, not ${manifest.version}`);
    }
    if (repository === undefined && !dryRun)
      found.push(`${folder}/package.json names no repository: npm refuses provenance without it`);
  }
  const cited =
    existsSync(join(root, CITATION)) && /^version: (.*)$/m.exec(readFileSync(join(root, CITATION), 'utf8'))?.[1];
  if (cited !== false && cited !== manifest.version)
    found.push(`${CITATION} says version ${cited}, not ${manifest.version}`);
  return found;
}

/** What is wrong with a packed package, a line each. */
function packedFaults({ name, size, files }) {
  const paths = files.map(({ path }) => path);
  const missing = NEEDED.filter((file) => !paths.includes(file)).map((file) => `${name}: ${file} is missing`);
  const strays = paths
    .filter((path) => !ALLOWED.test(path) || STRAY.test(path))
    .map((path) => `${name}: ${path} does not belong into it`);
  const large = size > LARGEST ? [`${name}: ${size} bytes packed, more than ${LARGEST}`] : [];
  return [...missing, ...strays, ...large];
}

/** The package as npm would publish it. */
function pack({ folder, name }) {
  const args = ['publish', '--dry-run', '--json', '--ignore-scripts', ...PUBLISH, '-w', folder];
  const answer = JSON.parse(run('npm', args, { stdio: ['ignore', 'pipe', 'ignore'] }));
  // npm 10 gives the package, npm 11 packages by name.
  return answer.files ? answer : answer[name];
}

function stop(lines) {
  for (const line of lines) console.error(`release: ${line}`);
  process.exit(1);
}

const { values } = parseArgs({ options: { 'dry-run': { type: 'boolean', default: false } } });
const dryRun = values['dry-run'];
const manifest = json('package.json');
const published = packages(manifest);
const refused = refusals(manifest, published, dryRun);
if (refused.length > 0) stop(refused);

console.log(`release ${manifest.version}: building and testing`);
try {
  run('npm', ['test'], { stdio: 'inherit' });
} catch {
  stop(['the build or a test failed']);
}
if (git('status', '--porcelain') !== '') stop(['the build or the tests changed files: commit what they write']);

const faults = [];
for (const one of published) {
  const packed = pack(one);
  faults.push(...packedFaults(packed));
  console.log(
    `${one.name} ${packed.version}: ${packed.files.length} files, ${(packed.size / 2 ** 20).toFixed(1)} MiB packed`,
  );
  if (one.repository === undefined)
    console.log(`  ${one.folder}/package.json names no repository: without it, it can't be published with provenance`);
}
if (faults.length > 0) stop(faults);

const tag = `v${manifest.version}`;
if (dryRun) {
  console.log(`${tag} could be released; nothing was changed`);
} else {
  const day = new Date().toISOString().slice(0, 10);
  const changes = readFileSync(join(root, CHANGES), 'utf8');
  const dated = changes.replace(/^## Unreleased\n/m, `## Unreleased\n\n## ${manifest.version} - ${day}\n`);
  writeFileSync(join(root, CHANGES), dated);
  git('commit', '--quiet', '--message', `Version ${manifest.version}`, '--', CHANGES);
  git('tag', '--annotate', tag, '--message', `Version ${manifest.version}`);
  console.log(`tagged ${tag}. Push it (git push --follow-tags); its continuous integration publishes:`);
  for (const { folder } of published) console.log(`  npm publish ${PUBLISH.join(' ')} -w ${folder}`);
}
