// SPDX-License-Identifier: Apache-2.0
// A user's afternoon in a real browser: run all, Tab, Shift-Tab, interrupt, input(), a flash, a
// chart, %%host, and a cable that is pulled. Fails if one of it is not as it should be.
//
// Usage: node tests/browser/notebook.mjs BUILD [PICTURES]
// Pictures of what was seen are kept in the folder PICTURES (docs/browser by "make browser").
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { launchBrowser, openNotebook, startJupyter } from '../../tools/jupyter.mjs';

const [build, pictures] = process.argv.slice(2).map((p) => path.resolve(p));
if (!build) {
  console.error('usage: notebook.mjs BUILD [PICTURES]');
  process.exit(2);
}
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-'));
const port = path.join(home, 'ttyUSB0');
const firmware = path.join(build, 'demo-firmware.bin');
const env = { ...process.env };
for (const name of Object.keys(env)) if (/^(XDG_|KILN_|JUPYTER_|JPY_)/.test(name)) delete env[name];
Object.assign(env, {
  HOME: home,
  XDG_STATE_HOME: path.join(home, 'state'),
  XDG_CONFIG_HOME: path.join(home, 'config'),
  XDG_RUNTIME_DIR: path.join(home, 'run'),
  JUPYTER_PATH: path.join(home, 'share/jupyter'),
  KILN_SYSFS: path.join(home, 'sysfs'),
  PATH: `${build}:${process.env.PATH}`,
});
for (const folder of ['run', 'sysfs', 'work']) fs.mkdirSync(path.join(home, folder), { mode: 0o700 });
fs.copyFileSync(firmware, path.join(home, 'work/firmware.bin'));

const CELLS = {
  connect: `%connect ${port}`,
  run: 'import sys\nprint("hello from", sys.implementation.name)\n6 * 7',
  loop: 'import time\nn = 0\nwhile True:\n    n += 1\n    print("loop", n)\n    time.sleep(0.1)',
  after: 'print("still there:", n > 0)',
  ask: 'name = input("Who are you? ")\nprint("Hello,", name)',
  plot: '%plot -l sine,ramp\nimport math, time\nfor i in range(60):\n'
    + '    print(math.sin(i / 6), i / 60)\n    time.sleep(0.02)',
  host: '%%host\nfrom IPython.display import HTML\nimport sys\nprint(sys.implementation.name)\n'
    + 'HTML("<b id=from-host>from the host</b>")',
  flash: '%flash firmware.bin --port sim:fresh',
  pull: `%connect -q ${port}\nimport time\nfor i in range(1000):\n    print("tick", i)\n    time.sleep(0.05)`,
  back: 'print("back again")',
};
const names = Object.keys(CELLS);

function writeNotebook() {
  const cells = names.map((id) => ({
    cell_type: 'code', id, metadata: {}, execution_count: null, outputs: [], source: CELLS[id],
  }));
  const kernelspec = { name: 'kiln', display_name: 'MicroPython (kiln)', language: 'micropython' };
  fs.writeFileSync(path.join(home, 'work/afternoon.ipynb'),
    JSON.stringify({ cells, metadata: { kernelspec }, nbformat: 4, nbformat_minor: 5 }));
}

// The cable: a board that is served as long as it is plugged in.
async function plug() {
  const server = spawn(path.join(build, 'kiln'), ['sim', 'demo', '--pty', '--link', port, '--json'],
    { env, stdio: ['ignore', 'pipe', 'inherit'] });
  await once(server.stdout, 'data'); // it says where
  return server;
}

async function pull(server) {
  server.kill('SIGKILL');
  await once(server, 'exit');
}

// ---- the page ----

let page;

// the reply and what is printed come by different ways, in no order
const done = (name) => page.waitForFunction((i) => {
  const cell = Jupyter.notebook.get_cell(i);
  return !cell.running && typeof cell.input_prompt_number === 'number'
    && Jupyter.notebook.kernel._msg_callbacks[cell.last_msg_id]?.iopub_done !== false;
}, names.indexOf(name), { timeout: 60000 });

const text = (name) => page.evaluate((i) => Jupyter.notebook.get_cell(i).output_area.element.text(), names.indexOf(name));
const outputs = (name) => page.evaluate((i) => Jupyter.notebook.get_cell(i).output_area.outputs, names.indexOf(name));

const shows = (name, wanted) => page.waitForFunction(
  ([i, w]) => Jupyter.notebook.get_cell(i).output_area.element.text().includes(w),
  [names.indexOf(name), wanted], { timeout: 60000 });

async function start(name) {
  await page.evaluate((i) => {
    const { notebook } = Jupyter;
    notebook.select(i);
    notebook.get_cell(i).clear_output();
    notebook.execute_cell();
    notebook.scroll_to_cell(i, 0);
  }, names.indexOf(name));
}

async function run(name) {
  await start(name);
  await done(name);
  return text(name);
}

async function type(name, code) {
  await page.evaluate(([i, c]) => {
    const { notebook } = Jupyter;
    notebook.select(i);
    notebook.edit_mode();
    const { code_mirror: editor } = notebook.get_cell(i);
    editor.setValue(c);
    editor.setCursor(editor.lineCount(), 0);
    editor.focus();
    notebook.scroll_to_cell(i, 0);
  }, [names.indexOf(name), code]);
}

async function picture(name, height = 420) {
  if (!pictures) return;
  await page.setViewportSize({ width: 900, height });
  fs.mkdirSync(pictures, { recursive: true });
  await page.waitForTimeout(200); // the page is laid out anew
  await page.screenshot({ path: path.join(pictures, `${name}.png`) });
}

// ---- what a user does ----

const STEPS = {
  async 'a cell runs, with its value'() {
    assert.match(await run('connect'), /Connected to [0-9a-f:]{17} @ /);
    assert.match(await run('run'), /hello from micropython\s*Out\[\d+\]:\s*42/);
  },

  async 'Tab completes, and says what things are'() {
    await type('back', 'import machine\nmachine.res');
    await page.keyboard.press('Tab');
    await page.waitForSelector('#complete, .completions');
    const items = await page.$$eval('#complete option, .completions option', (all) => all.map((o) => o.textContent));
    assert.ok(items.some((t) => t.includes('reset')) && items.some((t) => t.includes('reset_cause')), items.join());
    await picture('tab');
    await page.keyboard.press('Escape');
    await type('back', '%disc');
    await page.keyboard.press('Tab'); // the only one: it is put in
    await page.waitForFunction((i) => Jupyter.notebook.get_cell(i).get_text() === '%discover', names.indexOf('back'));
  },

  async 'Shift-Tab tells the signature'() {
    await type('back', 'time.sleep_ms(');
    await page.keyboard.press('Shift+Tab');
    await page.waitForSelector('#tooltip .tooltiptext:visible');
    const shown = await page.textContent('#tooltip .tooltiptext');
    assert.match(shown, /time\.sleep_ms\(ms\)/);
    assert.match(shown, /Wait so many milliseconds/);
    await picture('shift-tab');
    await page.keyboard.press('Escape');
    await type('back', CELLS.back);
    await page.evaluate(() => Jupyter.notebook.command_mode());
  },

  async 'the stop button ends an endless loop'() {
    await start('loop');
    await shows('loop', 'loop 3');
    await page.click('button[data-jupyter-action="jupyter-notebook:interrupt-kernel"]');
    await done('loop');
    assert.match(await text('loop'), /KeyboardInterrupt/);
    assert.match(await run('after'), /still there: True/);
  },

  async 'input() asks in the page'() {
    await start('ask');
    const field = await page.waitForSelector('.raw_input_container input.raw_input');
    assert.match(await text('ask'), /Who are you\?/);
    await field.fill('Zoë');
    await picture('input');
    await field.press('Enter');
    await done('ask');
    assert.match(await text('ask'), /Hello, Zoë/);
  },

  async 'a chart is drawn while the code runs'() {
    await start('plot');
    const seen = new Set();
    for (let i = 0; i < 200 && seen.size < 3; i++) {
      seen.add(await page.evaluate((n) => Jupyter.notebook.get_cell(n).output_area.element.find('svg').html() ?? '',
        names.indexOf('plot')));
      await page.waitForTimeout(50);
    }
    await done('plot');
    assert.ok(seen.size >= 3, 'the chart did not move');
    const shown = await outputs('plot');
    assert.equal(shown.filter((o) => o.data?.['image/svg+xml']).length, 1);
    await picture('plot', 560);
  },

  async 'the host runs Python, and shows HTML'() {
    assert.match(await run('host'), /cpython/);
    assert.equal(await page.textContent('#from-host'), 'from the host');
    await picture('host');
  },

  async 'a flash, with a bar that moves and a map'() {
    await start('flash');
    const widths = new Set();
    for (let i = 0; i < 600; i++) {
      const width = await page.evaluate((n) => Jupyter.notebook.get_cell(n).output_area.element
        .find('div[style*="background:#ddd"] > div').css('width'), names.indexOf('flash'));
      if (width) widths.add(width);
      if (await page.evaluate((n) => !Jupyter.notebook.get_cell(n).running
        && typeof Jupyter.notebook.get_cell(n).input_prompt_number === 'number', names.indexOf('flash'))) break;
      await page.waitForTimeout(50);
    }
    await done('flash');
    assert.ok(widths.size >= 3, `the bar did not move: ${[...widths]}`);
    assert.match(await text('flash'), /verified[\s\S]*Connected to/);
    assert.ok((await outputs('flash')).some((o) => o.data?.['image/svg+xml']), 'no map');
    await picture('flash');
  },

  async 'a pulled cable is an error, and the next cell goes on'() {
    await start('pull');
    await shows('pull', 'tick 3');
    await pull(cable);
    await done('pull');
    const error = (await outputs('pull')).find((o) => o.output_type === 'error');
    assert.equal(error.ename, 'KILN_E_PORT_GONE');
    await page.evaluate((i) => Jupyter.notebook.get_cell(i).output_area.element[0].scrollIntoView({ block: 'end' }),
      names.indexOf('pull'));
    await picture('cable');
    cable = await plug();
    assert.match(await run('back'), /back again/);
  },

  async 'Run All stops where a cell fails'() {
    await type('after', '1 / 0');
    await type('loop', 'print("no loop")');
    await page.evaluate(() => {
      Jupyter.notebook.command_mode();
      Jupyter.notebook.clear_all_output();
      Jupyter.notebook.execute_all_cells();
    });
    await done('loop');
    await shows('after', 'ZeroDivisionError');
    await page.waitForFunction(() => !Jupyter.notebook.kernel_busy);
    assert.equal((await text('back')).trim(), '');
  },
};

let cable;
let jupyter;
let browser;
let failed = 0;
try {
  writeNotebook();
  execFileSync(path.join(build, 'kiln'), ['kernel', 'install', '--prefix', home], { env });
  execFileSync(path.join(build, 'esptool.py'), ['-p', 'sim:demo?clock=virtual', 'write_flash', '0x1000', firmware], { env });
  cable = await plug();
  jupyter = await startJupyter(path.join(home, 'work'), env);
  browser = await launchBrowser();
  page = await openNotebook(browser, jupyter.base, 'afternoon.ipynb', { width: 900, height: 420 });
  await page.evaluate(() => document.querySelector('#header')?.style.setProperty('font-size', '12px'));
  for (const [what, step] of Object.entries(STEPS)) {
    try {
      await step();
      console.log(`ok    ${what}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL  ${what}\n${error.stack}`);
      await page.screenshot({ path: path.join(os.tmpdir(), 'kiln-browser-failed.png') });
      break; // what follows stands on it
    }
  }
} finally {
  await browser?.close();
  jupyter?.server.kill('SIGTERM');
  if (jupyter) await once(jupyter.server, 'exit');
  if (cable) await pull(cable);
  fs.rmSync(home, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
