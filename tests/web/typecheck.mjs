// SPDX-License-Identifier: GPL-3.0-or-later
// Holds the pages' TypeScript against its types: node typecheck.mjs PAGES_DIR, the folder that build.mjs filled.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export function typeCheck (pages) {
  const source = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../src/web');
  const config = path.join(pages, 'tsconfig.json');
  fs.writeFileSync(config, JSON.stringify({
    extends: path.join(source, 'tsconfig.json'),
    compilerOptions: { paths: { 'hls.js': [path.join(pages, 'node_modules/hls.js/dist/hls.d.ts')] } },
    include: [path.join(source, '*.ts')],
  }));
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const result = spawnSync(process.execPath, [tsc, '-p', config], { encoding: 'utf8' });
  return result.status === 0 ? '' : result.stdout + result.stderr;
}
