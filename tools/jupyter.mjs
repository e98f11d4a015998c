// SPDX-License-Identifier: Apache-2.0
// Debian's Jupyter notebook and chromium, for what is looked at in a real browser.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { chromium } from 'playwright-core';

export const TOKEN = 'picture';

// jupyter prints port 0 as it was told, so a free one is looked for here.
async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

// jupyter writes its address to stderr once it listens
export async function startJupyter(work, env) {
  const args = ['notebook', '--no-browser', '--ip=127.0.0.1', `--port=${await freePort()}`, `--NotebookApp.token=${TOKEN}`,
    `--notebook-dir=${work}`];
  if (process.getuid() === 0) args.push('--allow-root');
  const server = spawn('/usr/bin/jupyter', args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let text = '';
  return new Promise((resolve, reject) => {
    server.stderr.on('data', (chunk) => {
      text += chunk;
      const found = text.match(/http:\/\/127\.0\.0\.1:(\d+)\//);
      if (found) resolve({ server, base: `http://127.0.0.1:${found[1]}` });
    });
    server.on('exit', () => reject(new Error(`jupyter did not start:\n${text}`)));
  });
}

export async function launchBrowser() {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update',
      '--disable-sync', '--no-first-run', '--disable-quic'],
  });
}

export async function openNotebook(browser, base, name, viewport) {
  const page = await browser.newPage({ viewport });
  await page.goto(`${base}/notebooks/${name}?token=${TOKEN}`);
  await page.waitForFunction(() => globalThis.Jupyter?.notebook?.kernel?.is_connected());
  return page;
}
