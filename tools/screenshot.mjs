// SPDX-License-Identifier: Apache-2.0
// Run a notebook in a real browser and keep a picture of it (docs/notebook.png).
//
// Usage: node tools/screenshot.mjs BUILD NOTEBOOK PICTURE
// Starts Debian's jupyter notebook on a port of its own with the kernel of BUILD, opens NOTEBOOK in
// chromium, runs all cells, waits until the kernel is idle, and takes the picture.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { launchBrowser, openNotebook, startJupyter } from './jupyter.mjs';

const [build, notebook, picture] = process.argv.slice(2).map((p) => path.resolve(p));
if (!picture) {
  console.error('usage: screenshot.mjs BUILD NOTEBOOK PICTURE');
  process.exit(2);
}

// The firmware that the notebook downloads comes from here, under the name that it asks for.
async function serveFirmware() {
  const server = http.createServer((request, response) => {
    fs.createReadStream(path.join(build, 'bench-firmware.bin')).pipe(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${server.address().port}/esp32-20220117-v1.18.bin` };
}

// An empty home, in which a virtual board has been plugged in and the kernel is installed.
function prepare(firmwareUrl) {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-screenshot-'));
  const work = path.join(home, 'work');
  fs.mkdirSync(work);
  fs.mkdirSync(path.join(home, 'sysfs'));
  fs.copyFileSync(notebook, path.join(work, path.basename(notebook)));
  const env = {
    ...process.env,
    HOME: home,
    XDG_STATE_HOME: path.join(home, 'state'),
    XDG_CONFIG_HOME: path.join(home, 'config'),
    JUPYTER_PATH: path.join(home, 'share/jupyter'),
    KILN_SYSFS: path.join(home, 'sysfs'),
    KILN_FIRMWARE_URL: firmwareUrl,
    KILN_FIRMWARE_FILE: path.join(build, 'demo-firmware.bin'),
    PATH: `${build}:${process.env.PATH}`,
  };
  execFileSync(path.join(build, 'kiln'), ['kernel', 'install', '--prefix', home], { env });
  const board = 'sim:esp32?mac=24:0a:c4:12:87:7c&clock=virtual';
  execFileSync(path.join(build, 'esptool.py'), ['-p', board, 'chip_id'], { env });
  return { home, work, env };
}

async function runAll(page) {
  await page.evaluate(() => {
    Jupyter.notebook.clear_all_output();
    Jupyter.notebook.execute_all_cells();
  });
  await page.waitForFunction(() => Jupyter.notebook.get_cells()
    .filter((c) => c.cell_type === 'code')
    .every((c) => c.input_prompt_number !== '*' && !c.running), null, { timeout: 300000 });
}

const firmware = await serveFirmware();
const { home, work, env } = prepare(firmware.url);
const { server, base } = await startJupyter(work, env);
const browser = await launchBrowser();
try {
  const page = await openNotebook(browser, base, path.basename(notebook), { width: 1000, height: 1450 });
  await runAll(page);
  await page.evaluate(() => {
    document.activeElement.blur();
    document.querySelector('#header')?.remove();
    document.querySelector('#site').style.height = '100vh';
    Jupyter.notebook.scroll_to_top();
  });
  await page.waitForTimeout(300); // the page is laid out anew
  await page.screenshot({ path: picture });
} finally {
  await browser.close();
  server.kill('SIGTERM');
  await once(server, 'exit');
  firmware.server.close();
  fs.rmSync(home, { recursive: true });
}
