// SPDX-License-Identifier: GPL-3.0-or-later
// Bundles the pages and turns them into the C source of a GResource. Run by meson:
//
//   node build.mjs OUT_DIR [RESOURCE_C [DEPFILE]]
//
// OUT_DIR holds everything that is made: node_modules, dist/ (the files as they are served) and the resource list. The source
// folder is only read. Every script, style and picture carries a hash of its content in its name, so that it can be cached for ever.
// Text files of some size get a gzip twin (NAME.gz) beside them, for browsers that accept it.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

const SOURCE = path.dirname(fileURLToPath(import.meta.url));
const PAGES = ['index.html', 'recordings.html', 'console.html', 'events.html', 'people.html'];
const SCRIPTS = ['viewer', 'recordings', 'console', 'events', 'people'];
/** Loaded by a script, by `import()`, when it is wanted. */
const MODULES = ['player'];
/** What viewers are given, and the texts that are none of theirs. */
const PUBLIC = ['viewer', 'recordings', 'player'];
const OF_THE_CONSOLE = /^(console|events|people|office)-/;
const DESCRIPTIONS = ['openapi.json', 'console-openapi.json'];
const STYLES = ['style', 'console', 'office'];
const GZIP_FROM_BYTES = 1024;

function fail (message) {
  console.error(`src/web: ${message}`);
  process.exit(1);
}

/** npm's packages, as the lock file says, in OUT_DIR; nothing is done when they are there already. */
function installPackages (out) {
  const names = ['package.json', 'package-lock.json', '.npmrc'];
  const wanted = createHash('sha256');
  for (const name of names) wanted.update(fs.readFileSync(path.join(SOURCE, name)));
  const stamp = `${wanted.digest('hex')} ${process.platform} ${process.arch}\n`;
  const stampFile = path.join(out, 'node_modules', '.regia-stamp');
  if (fs.existsSync(stampFile) && fs.readFileSync(stampFile, 'utf8') === stamp) return;

  for (const name of names) fs.copyFileSync(path.join(SOURCE, name), path.join(out, name));
  const npm = spawnSync('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: out, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (npm.error) fail(`npm cannot be started (${npm.error.message}); install the package "npm" (apt-get install npm)`);
  if (npm.status !== 0) {
    fail(`the packages in src/web/package-lock.json could not be installed: npm ci ended with ${npm.status}.\n` +
      `${npm.stderr.trim()}\nThe machine needs the npm registry once; after that npm's cache will do. Then run the build again.`);
  }
  fs.writeFileSync(stampFile, stamp);
}

/** `name-<hash>.ext` of some content. */
function hashedName (name, ext, content) {
  return `${name}-${createHash('sha256').update(content).digest('hex').slice(0, 10)}.${ext}`;
}

/**
 * Fills `{{it:key}}` from the messages, `{{asset:NAME}}` from the names made; an unknown one is an error. Addresses are relative, so that
 * a proxy can show the pages below a path of its own.
 */
function fillPage (name, messages, assets) {
  const text = fs.readFileSync(path.join(SOURCE, name), 'utf8');
  return text.replace(/\{\{(\w+):([\w.-]+)\}\}/g, (whole, kind, key) => {
    const value = kind === 'asset' ? assets[key] : messages[kind]?.[key];
    if (value === undefined) fail(`${name}: ${whole} is not known (messages.json has the texts, build.mjs the assets)`);
    return kind === 'asset' ? `assets/${value}` : value.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
  });
}

/** Leaves the console's texts out of a script; one that asks for them all the same would show nothing, which the tests of the pages see. */
const publicTexts = {
  name: 'public-texts',
  setup (build) {
    build.onLoad({ filter: /messages\.json$/ }, ({ path: file }) => {
      const all = JSON.parse(fs.readFileSync(file, 'utf8'));
      const kept = Object.entries(all).map(([language, texts]) =>
        [language, Object.fromEntries(Object.entries(texts).filter(([key]) => !OF_THE_CONSOLE.test(key)))]);
      return { contents: JSON.stringify(Object.fromEntries(kept)), loader: 'json' };
    });
  },
};

async function bundle (out, esbuild) {
  const assets = {};
  const files = new Map();
  const inputs = new Set();
  const options = {
    bundle: true, write: false, minify: true, legalComments: 'none', target: 'es2020',
    nodePaths: [path.join(out, 'node_modules')], metafile: true, logLevel: 'silent', absWorkingDir: SOURCE,
    banner: { js: '/* Regia, GPL-3.0-or-later; contains hls.js, Apache-2.0 */', css: '/* Regia, GPL-3.0-or-later */' },
  };
  const entries = [...[...SCRIPTS, ...MODULES].map((name) => [name, 'ts', 'js']), ...STYLES.map((name) => [name, 'css', 'css'])];
  for (const [name, from, to] of entries) {
    let result;
    try {
      result = await esbuild.build({
        ...options,
        entryPoints: [`${name}.${from}`],
        outfile: path.join(out, `${name}.${to}`),
        plugins: PUBLIC.includes(name) ? [publicTexts] : [],
        format: to !== 'js' ? undefined : MODULES.includes(name) ? 'esm' : 'iife',
      });
    } catch (error) {
      fail((await esbuild.formatMessages(error.errors ?? [], { kind: 'error' })).join('') || error.message);
    }
    for (const input of Object.keys(result.metafile.inputs)) inputs.add(path.resolve(SOURCE, input));
    const content = Buffer.from(result.outputFiles[0].contents);
    assets[`${name}.${to}`] = hashedName(name, to, content);
    files.set(`assets/${assets[`${name}.${to}`]}`, content);
  }
  const icon = fs.readFileSync(path.join(SOURCE, 'icon.svg'));
  assets['icon.svg'] = hashedName('icon', 'svg', icon);
  files.set(`assets/${assets['icon.svg']}`, icon);

  const messages = JSON.parse(fs.readFileSync(path.join(SOURCE, 'messages.json'), 'utf8'));
  for (const page of PAGES) files.set(page, Buffer.from(fillPage(page, messages, assets)));
  for (const name of DESCRIPTIONS) files.set(name, Buffer.from(JSON.stringify(JSON.parse(fs.readFileSync(path.join(SOURCE, name), 'utf8')))));
  for (const [name, content] of [...files]) {
    if (content.length >= GZIP_FROM_BYTES) files.set(`${name}.gz`, gzipSync(content, { level: 9 }));
  }
  return { files, inputs };
}

function writeResource (out, files, target) {
  const list = path.join(out, 'regia-web.gresource.xml');
  const lines = [...files.keys()].sort().map((name) => `    <file>${name}</file>`);
  const head = ['<?xml version="1.0" encoding="UTF-8"?>', '<gresources>', '  <gresource prefix="/org/regia/web">'];
  fs.writeFileSync(list, [...head, ...lines, '  </gresource>', '</gresources>', ''].join('\n'));
  const options = ['--generate-source', '--c-name', 'regia_web', `--sourcedir=${path.join(out, 'dist')}`, `--target=${target}`];
  execFileSync('glib-compile-resources', [...options, list], { stdio: ['ignore', 'inherit', 'inherit'] });
}

async function main () {
  const [outArgument, target, depfile] = process.argv.slice(2);
  if (!outArgument) fail('usage: node build.mjs OUT_DIR [RESOURCE_C [DEPFILE]]');
  const out = path.resolve(outArgument);
  fs.mkdirSync(out, { recursive: true });
  installPackages(out);
  const require = createRequire(pathToFileURL(path.join(out, 'package.json')));
  const { files, inputs } = await bundle(out, require('esbuild'));

  const dist = path.join(out, 'dist');
  fs.rmSync(dist, { recursive: true, force: true });
  fs.mkdirSync(path.join(dist, 'assets'), { recursive: true });
  for (const [name, content] of files) fs.writeFileSync(path.join(dist, name), content);
  if (target) writeResource(out, files, path.resolve(target));
  if (depfile) {
    const read = ['build.mjs', 'package.json', 'package-lock.json', '.npmrc', 'messages.json', 'icon.svg', ...DESCRIPTIONS, ...PAGES];
    const own = read.map((name) => path.join(SOURCE, name));
    const escaped = [...new Set([...own, ...inputs])].map((name) => name.replace(/ /g, '\\ '));
    fs.writeFileSync(depfile, `${target}: ${escaped.join(' ')}\n`);
  }
}

await main();
