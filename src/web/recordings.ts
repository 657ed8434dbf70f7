// SPDX-License-Identifier: GPL-3.0-or-later
interface Item { id: string; title: string; files: { name: string; title: string; url: string }[] }

async function main (): Promise<void> {
  const answer = await fetch('/api/v1/recordings');
  const { recordings } = await answer.json() as { recordings: Item[] };
  const list = document.querySelector('#list')!;
  for (const item of recordings) {
    for (const file of item.files) {
      const link = document.createElement('a');
      link.href = file.url;
      link.textContent = `${item.title}: ${file.title}`;
      const line = document.createElement('li');
      line.append(link);
      list.append(line);
    }
  }
}

void main();
