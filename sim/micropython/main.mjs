// SPDX-License-Identifier: Apache-2.0
/*
 * The virtual board's run mode: boots a real MicroPython as a board does and is its UART.
 *
 *      node main.mjs PACKAGE FILES UID [BANNER]
 *
 * PACKAGE is the folder of @micropython/micropython-webassembly-pyscript, FILES the folder of the
 * board's file tree ('' if it is not kept), UID its unique id in hex. See channel.mjs for the
 * descriptors. This thread runs the interpreter and blocks; uart.mjs listens meanwhile.
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { MessageChannel, Worker } from 'node:worker_threads';
import * as channel from './channel.mjs';
import { withBoardErrors } from './errors.mjs';
import { Files, ROOT } from './files.mjs';
import { Output } from './output.mjs';
import { RawPaste } from './rawpaste.mjs';
import { openMicroPython } from './wasm.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const [PACKAGE, FILES, UID, BANNER] = process.argv.slice(2);

const STDIN = 0;
const EINTR = 27;
const CTRL_A = 1;
const CTRL_B = 2;
const CTRL_C = 3;
const CTRL_D = 4;

// words of the Python stack; a board's recursion limit is of that order
const PYSTACK = 8 * 1024;
const HEAP = 256 * 1024;

// Emscripten complains there of each failed allocation, and nobody reads it.
console.error = () => {};

const line = channel.shared();
const { control } = line;
const { port1: toUart, port2: uartPort } = new MessageChannel();
const files = new Files(FILES || null);

let words = null; // the interpreter's memory, as 32-bit words
let addresses;
let rawMode = false;
let muted = null; // while set, collects output instead of sending it
let hideOutput = 0; // so many bytes of output are not sent

function interruptPending() {
    return words !== null && Atomics.load(words, addresses.pending >> 2) !== 0;
}

const uart = new Output(bytes => channel.sendOutput(line, bytes));

function output(bytes) {
    const hidden = Math.min(hideOutput, bytes.length);
    hideOutput -= hidden;
    bytes = bytes.subarray(hidden);
    if (muted)
        muted.push(Buffer.from(bytes));
    else
        uart.write(bytes);
}

function outputText(text) {
    output(Buffer.from(text, 'latin1'));
}

/*
 * Wait for input. Before that the board is told that nothing will come until it sends some; SEEN
 * is read first, so that a byte that comes meanwhile makes what was told out of date.
 */
function awaitInput() {
    for (;;) {
        const seen = Atomics.load(control, channel.SEEN);
        const wake = Atomics.load(control, channel.WAKE);
        if (channel.waiting(line) || interruptPending())
            return;
        uart.flush();
        channel.sendWaits(seen);
        Atomics.wait(control, channel.WAKE, wake);
    }
}

// input(), sys.stdin and raw-paste: blocks, in the middle of a program
function readInput(memory, iov, count, retSize) {
    awaitInput();
    if (interruptPending())
        return EINTR;
    const bytes = new Uint8Array(memory.buffer);
    const u32 = new Uint32Array(memory.buffer);
    let size = 0;
    for (let i = 0; i < count; i++) {
        let [at, room] = [u32[(iov >> 2) + 2 * i], u32[(iov >> 2) + 2 * i + 1]];
        for (; room > 0 && channel.waiting(line); room--, size++)
            bytes[at++] = channel.get(line);
    }
    u32[retSize >> 2] = size;
    return 0;
}

function writeOutput(memory, iov, count, retSize) {
    const u32 = new Uint32Array(memory.buffer);
    let size = 0;
    for (let i = 0; i < count; i++) {
        const [at, length] = [u32[(iov >> 2) + 2 * i], u32[(iov >> 2) + 2 * i + 1]];
        output(new Uint8Array(memory.buffer, at, length));
        size += length;
    }
    u32[retSize >> 2] = size;
    return 0;
}

/*
 * time.sleep() of this build is a loop that reads the clock. One that reads it over and over in
 * the same millisecond is put to sleep until something comes; and while an interrupt is pending
 * the clock leaps six days each time, which ends any sleep.
 */
const STARTED = performance.now();
const LEAP = 0x20000000;
let lastTicks = -1;
let sameTicks = 0;
let leaps = 0;

function ticks() {
    if (interruptPending())
        return (lastTicks + ++leaps * LEAP) | 0;
    leaps = 0;
    let now = Math.floor(performance.now() - STARTED) | 0;
    if (now === lastTicks && ++sameTicks > 16) {
        uart.flush();
        Atomics.wait(control, channel.WAKE, Atomics.load(control, channel.WAKE), 1);
        now = Math.floor(performance.now() - STARTED) | 0;
    }
    if (now !== lastTicks)
        sameTicks = 0;
    lastTicks = now;
    return now;
}

// select.poll() on sys.stdin
const POLLIN = 1;
const POLLOUT = 4;
function poll(original, memory, fds, count, timeout) {
    const halves = new Int16Array(memory.buffer);
    let ready = original(fds, count, timeout);
    for (let i = 0; i < count; i++) {
        const at = fds + 8 * i;
        if (words[at >> 2] !== STDIN)
            continue;
        const before = halves[(at + 6) >> 1];
        const can = (channel.waiting(line) ? POLLIN : 0) | POLLOUT;
        halves[(at + 6) >> 1] = halves[(at + 4) >> 1] & can;
        ready += (halves[(at + 6) >> 1] !== 0) - (before !== 0);
    }
    return ready;
}

function wrapImports(imports, memory) {
    const { env, wasi_snapshot_preview1: wasi } = withBoardErrors(imports);
    return {
        env: { ...env, mp_js_ticks_ms: ticks,
            __syscall_poll: (...args) => poll(env.__syscall_poll, memory(), ...args) },
        wasi_snapshot_preview1: { ...wasi,
            fd_read: (fd, ...rest) => fd === STDIN ? readInput(memory(), ...rest)
                : wasi.fd_read(fd, ...rest),
            fd_write: (fd, ...rest) => fd <= 2 ? writeOutput(memory(), ...rest)
                : wasi.fd_write(fd, ...rest),
            fd_sync: fd => {
                files.flush(fd);
                return wasi.fd_sync(fd);
            } },
    };
}

// machine.reset(): the board takes the power away
function reset() {
    uart.flush();
    channel.sendReset();
    for (;;)
        Atomics.wait(control, channel.EPOCH, Atomics.load(control, channel.EPOCH));
}

let epoch = 0;
async function freshInterpreter(build) {
    words = null;
    const { mp, memory } = await build.load(wrapImports,
        { linebuffer: false, pystack: PYSTACK, heapsize: HEAP });
    words = new Int32Array(memory.buffer);
    toUart.postMessage({ epoch: ++epoch, memory: memory.buffer, addresses });
    Atomics.store(control, channel.EPOCH, epoch);
    files.attach(mp.FS);
    for (const [name, file] of [['_board', 'board.py'], ['_aio', 'aio.py'],
        ['machine', 'machine.py']])
        mp.FS.writeFile(`/tmp/${name}.py`, fs.readFileSync(path.join(HERE, file)));
    mp.registerJsModule('_kiln', { uid: UID, reset });
    mp.runPython(`import sys
sys.path.insert(0, '/tmp')
import _board, _aio, machine
sys.path.pop(0)
_board.prepare('${ROOT}')
_aio.prepare()
for name in ('_board', '_aio', '_kiln'):
    del sys.modules[name]
del sys, _aio, machine, name`);
    return mp;
}

// Run a script as a board does at boot. Returns true if it asked for a soft reset.
function runScript(mp, name) {
    try {
        return mp.runPython(`_board.run('${name}')`);
    } catch {
        return false; // a second Ctrl-C, while the first one was being printed
    }
}

/*
 * To the prompt, of the kind that there was before. A board's prompt does not begin with an empty
 * line as this build's does, and its raw mode survives a soft reset.
 */
function startRepl(mp) {
    muted = [];
    mp.replInit();
    if (rawMode) {
        muted = [];
        mp.replProcessChar(CTRL_A);
    }
    const text = Buffer.concat(muted).toString('latin1');
    muted = null;
    outputText(text.replace(/^\r\n/, ''));
}

/*
 * Ctrl-A means the raw REPL only at the start of a line: whether it did is heard from the answer.
 * Ctrl-B always leaves it.
 */
function processByte(mp, byte) {
    const asksForRaw = byte === CTRL_A && !rawMode;
    if (asksForRaw)
        muted = [];
    else if (byte === CTRL_B)
        rawMode = false;
    const ret = mp.replProcessChar(byte);
    if (asksForRaw) {
        const text = Buffer.concat(muted);
        muted = null;
        rawMode = text.includes('raw REPL;');
        output(text);
    }
    return ret;
}

// An interrupt that came when the program had just ended would hit the next one.
function dropLateInterrupt() {
    if (interruptPending())
        Atomics.store(words, addresses.pending >> 2, 0);
}

// For what is no program: waits whatever interrupts come.
function nextByte() {
    do {
        dropLateInterrupt();
        awaitInput();
    } while (!channel.waiting(line));
    return channel.get(line);
}

// Run code by the raw REPL, without its "OK".
function runRaw(mp, code) {
    for (const b of code)
        mp.replProcessChar(b);
    hideOutput = 2;
    return mp.replProcessChar(CTRL_D);
}

// Bytes for the REPL until it wants a soft reset.
function repl(mp) {
    const send = text => {
        outputText(text);
        uart.flush();
    };
    const paste = new RawPaste({ next: nextByte, send,
        run: code => runRaw(mp, code) });
    for (;;) {
        const byte = nextByte();
        let ret;
        if (rawMode && paste.asks(byte)) {
            mp.replProcessChar(CTRL_C); // forget the request
            ret = paste.receive();
        } else {
            ret = processByte(mp, byte);
        }
        if (!rawMode)
            paste.reset();
        if (ret)
            return;
    }
}

async function boot(build) {
    if (BANNER)
        outputText(`${BANNER}\r\n`);
    for (;;) {
        const mp = await freshInterpreter(build);
        let again = runScript(mp, 'boot.py');
        if (!again && !rawMode)
            again = runScript(mp, 'main.py');
        if (!again) {
            mp.runPython('del _board');
            startRepl(mp);
            repl(mp);
        }
        outputText('MPY: soft reboot\r\n');
    }
}

try {
    new Worker(new URL('./uart.mjs', import.meta.url),
        { workerData: { line, port: uartPort }, transferList: [uartPort] });
    const build = await openMicroPython(PACKAGE);
    addresses = build.addresses;
    await boot(build);
} catch (e) {
    channel.sendError(String(e?.message ?? e));
    process.kill(process.pid, 'SIGKILL'); // an exit would wait for the other thread
}
