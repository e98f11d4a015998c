// SPDX-License-Identifier: Apache-2.0
// Run a notebook in a real browser and keep a picture of it (docs/notebook.png).
//
// Usage: node tools/screenshot.mjs BUILD NOTEBOOK PICTURE
// Starts Debian's jupyter notebook on a port of its own with the kernel of BUILD, opens NOTEBOOK in
// chromium, runs all cells, waits until the kernel is idle, and takes the picture.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { chromium } from 'playwright-core';

const [build, notebook, picture] = process.argv.slice(2).map((p) => path.resolve(p));
if (!picture) {
  console.error('usage: screenshot.mjs BUILD NOTEBOOK PICTURE');
  process.exit(2);
}

// jupyter writes its address to stderr once it listens
async function startJupyter() {
  const args = ['notebook', '--no-browser', '--ip=127.0.0.1', '--port=0', '--NotebookApp.token=picture',
    `--notebook-dir=${path.dirname(notebook)}`];
  if (process.getuid() === 0) args.push('--allow-root');
  const server = spawn('/usr/bin/jupyter', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let text = '';
  for await (const chunk of server.stderr) {
    text += chunk;
    const found = text.match(/http:\/\/127\.0\.0\.1:(\d+)\//);
    if (found) {
      server.stderr.resume();
      return { server, base: `http://127.0.0.1:${found[1]}` };
    }
  }
  throw new Error(`jupyter did not start:\n${text}`);
}

async function runAll(page) {
  await page.waitForFunction(() => globalThis.Jupyter?.notebook?.kernel?.is_connected());
  await page.evaluate(() => {
    Jupyter.notebook.clear_all_output();
    Jupyter.notebook.execute_all_cells();
  });
  await page.waitForFunction(() => Jupyter.notebook.get_cells()
    .filter((c) => c.cell_type === 'code')
    .every((c) => c.input_prompt_number !== '*' && !c.running), null, { timeout: 300000 });
}

const { server, base } = await startJupyter();
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--no-first-run', '--disable-quic'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1100, height: 1500 } });
  await page.goto(`${base}/notebooks/${path.basename(notebook)}?token=picture`);
  await runAll(page);
  await page.evaluate(() => { Jupyter.notebook.scroll_to_top(); document.activeElement.blur(); });
  await page.screenshot({ path: picture });
} finally {
  await browser.close();
  server.kill('SIGINT');
  server.kill('SIGTERM');
  await Promise.race([once(server, 'exit'), new Promise((r) => setTimeout(r, 3000))]);
}
