// SPDX-License-Identifier: GPL-3.0-or-later
// Real media for the fake server: a moving picture in two sizes and sound in two languages, fragmented MP4 cut at multiples of 2 s, each
// segment in pieces of half a second so that a test can take some away.
import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const SEGMENT_S = 2;

function boxes (buffer, from = 0, to = buffer.length) {
  const found = [];
  for (let at = from; at + 8 <= to;) {
    const size = buffer.readUInt32BE(at);
    found.push({ type: buffer.toString('latin1', at + 4, at + 8), at, end: at + size });
    at += size;
  }
  return found;
}

function inside (buffer, box, ...names) {
  let current = box;
  for (const name of names) current = boxes(buffer, current.at + 8, current.end).find(({ type }) => type === name);
  return current;
}

/** { init, segments: [{ pieces: [Buffer], durationS }] }, segment n beginning at about n × 2 s. */
function cut (file) {
  const all = boxes(file);
  const moov = all.find(({ type }) => type === 'moov');
  const mdhd = inside(file, moov, 'trak', 'mdia', 'mdhd');
  const timescale = file.readUInt32BE(mdhd.at + (file[mdhd.at + 8] === 1 ? 28 : 20));
  const pieces = [];
  for (const [index, box] of all.entries()) {
    if (box.type !== 'moof') continue;
    const tfdt = inside(file, box, 'traf', 'tfdt');
    const start = file[tfdt.at + 8] === 1 ? Number(file.readBigUInt64BE(tfdt.at + 12)) : file.readUInt32BE(tfdt.at + 12);
    pieces.push({ start: start / timescale, bytes: file.subarray(box.at, all[index + 1].end) });
  }
  const segments = [];
  for (const piece of pieces) {
    const number = Math.floor(piece.start / SEGMENT_S + 0.02);
    (segments[number] ??= { start: piece.start, pieces: [] }).pieces.push(piece.bytes);
  }
  for (const [number, segment] of segments.entries()) segment.durationS = (segments[number + 1]?.start ?? segment.start + SEGMENT_S) - segment.start;
  segments.pop(); // may be cut short
  return { init: file.subarray(0, moov.end), segments };
}

/** Makes `seconds` of every track; about a twentieth of real time. */
export async function makeMedia (folder, seconds) {
  await fs.mkdir(folder, { recursive: true });
  const fragments = ['-movflags', '+frag_keyframe+empty_moov+default_base_moof', '-frag_duration', '500000', '-f', 'mp4'];
  const keyframes = ['-g', '50', '-keyint_min', '50', '-sc_threshold', '0'];
  const video = ['-c:v', 'libx264', '-preset', 'ultrafast', '-profile:v', 'baseline', '-pix_fmt', 'yuv420p', ...keyframes];
  const sizes = { '360p': '640x360', '180p': '320x180' };
  const tones = { it: 440, en: 880 };
  const outputs = [];
  for (const [name, size] of Object.entries(sizes)) {
    outputs.push({ kind: 'video', name, arguments: ['-map', '0:v', '-s', size, ...video, '-b:v', name === '360p' ? '500k' : '150k'] });
  }
  for (const [index, name] of Object.keys(tones).entries()) {
    outputs.push({ kind: 'audio', name, arguments: ['-map', `${index + 1}:a`, '-c:a', 'aac', '-b:a', '64k', '-ac', '2'] });
  }
  const inputs = ['-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25'];
  for (const tone of Object.values(tones)) inputs.push('-f', 'lavfi', '-i', `sine=frequency=${tone}:sample_rate=48000`);
  const files = outputs.map(({ kind, name }) => path.join(folder, `${kind}-${name}.mp4`));
  await run('ffmpeg', ['-nostdin', '-loglevel', 'error', '-y', ...inputs,
    ...outputs.flatMap((output, index) => [...output.arguments, '-t', String(seconds), ...fragments, files[index]])]);
  const tracks = {};
  for (const [index, { kind, name }] of outputs.entries()) tracks[`${kind}/${name}`] = { kind, name, ...cut(await fs.readFile(files[index])) };
  return tracks;
}
