// SPDX-License-Identifier: Apache-2.0
/*
 * Makes MicroPython's WebAssembly build interruptible.
 *
 * That build never calls out while Python code computes, and its memory belongs to one thread:
 * nothing could stop `while True: pass`. So its memory is declared shared (one byte of the memory
 * section, WebAssembly 1.0 + threads, section 5.4 "limits"), and another thread does what
 * MicroPython's own interrupt handler for a UART does: compare each byte with mp_interrupt_char,
 * and on a match do mp_sched_keyboard_interrupt(). Where these variables are is read from the two
 * exported functions that touch them; a build that does otherwise is refused, never guessed at.
 */
import fs from 'node:fs';
import path from 'node:path';

// 64 KiB pages; the heap may grow to this, as this build collects garbage only between commands
const MAX_PAGES = 4096;

class Reader {
    constructor(bytes, at = 0) {
        this.bytes = bytes;
        this.at = at;
    }
    byte() {
        return this.bytes[this.at++];
    }
    leb() {
        let value = 0;
        for (let shift = 0; shift < 35; shift += 7) {
            const b = this.byte();
            value |= (b & 0x7f) << shift;
            if (!(b & 0x80))
                break;
        }
        return value >>> 0;
    }
    take(n) {
        this.at += n;
        return this.bytes.subarray(this.at - n, this.at);
    }
    text() {
        return Buffer.from(this.take(this.leb())).toString();
    }
}

function leb(n) {
    const out = [];
    do {
        const more = n > 0x7f ? 0x80 : 0;
        out.push((n & 0x7f) | more);
        n >>>= 7;
    } while (n);
    return out;
}

// [{ id, start, body }]: start is where the section's id stands
function sections(bytes) {
    const r = new Reader(bytes, 8);
    const found = [];
    while (r.at < bytes.length) {
        const start = r.at;
        const id = r.byte();
        found.push({ id, start, body: r.take(r.leb()) });
    }
    return found;
}

function shareMemory(bytes) {
    const section = sections(bytes).find(s => s.id === 5);
    const r = new Reader(section.body);
    const count = r.leb();
    const flags = r.byte();
    const min = r.leb();
    if (count !== 1 || flags > 1)
        throw new Error('its memory is not declared as expected');
    const limits = [1, 3, ...leb(min), ...leb(MAX_PAGES)]; // 3: has a maximum, is shared
    const end = section.body.byteOffset - bytes.byteOffset + section.body.length;
    return Buffer.concat([bytes.subarray(0, section.start),
        Buffer.from([5, ...leb(limits.length), ...limits]), bytes.subarray(end)]);
}

function countImportedFunctions(body) {
    const r = new Reader(body);
    let functions = 0;
    for (let n = r.leb(); n > 0; n--) {
        r.text();
        r.text();
        if (r.byte() !== 0)
            throw new Error('it imports more than functions');
        r.leb();
        functions++;
    }
    return functions;
}

function exportedIndex(body, name) {
    const r = new Reader(body);
    for (let n = r.leb(); n > 0; n--) {
        const found = r.text();
        r.byte();
        const index = r.leb();
        if (found === name)
            return index;
    }
    throw new Error(`it does not export ${name}`);
}

function functionBody(bytes, name) {
    const byId = Object.fromEntries(sections(bytes).map(s => [s.id, s.body]));
    const index = exportedIndex(byId[7], name) - countImportedFunctions(byId[2]);
    const r = new Reader(byId[10]);
    r.leb();
    for (let i = 0; i < index; i++)
        r.take(r.leb());
    return Buffer.from(r.take(r.leb())).toString('hex');
}

function lebOfHex(hex) {
    return new Reader(Buffer.from(hex, 'hex')).leb();
}

/*
 * mp_hal_get_interrupt_char:  i32.const 0; i32.load A
 * mp_sched_keyboard_interrupt, with B = MP_STATE's address in each instruction:
 *	i32.const P; i32.const B; i32.const K; i32.add; i32.store B	pending exception = B + K
 *	i32.const T; i32.const 0; i32.store B				its traceback = none
 *	block; i32.const S; i32.load16_u B; i32.const 1; i32.ne; br_if 0	idle?
 *	i32.const S; i32.const 0; i32.store16 B				then pending
 */
const leb128 = name => `(?<${name}>(?:[89a-f][0-9a-f])*[0-7][0-9a-f])`;
const GET_CHAR = new RegExp(`^0041002802${leb128('A')}0b$`);
const INTERRUPT = new RegExp(`^0041${leb128('P')}41${leb128('B')}41${leb128('K')}6a3602\\k<B>` +
    `41${leb128('T')}41003602\\k<B>` +
    `024041${leb128('S')}2f01\\k<B>4101470d00` +
    `41\\k<S>41003b01\\k<B>0b0b$`);

function interruptAddresses(bytes) {
    const get = functionBody(bytes, 'mp_hal_get_interrupt_char').match(GET_CHAR);
    const sched = functionBody(bytes, 'mp_sched_keyboard_interrupt').match(INTERRUPT);
    if (!get || !sched)
        throw new Error('it handles interrupts in a way that is not known');
    const at = name => lebOfHex(sched.groups[name]);
    const base = at('B');
    return {
        char: lebOfHex(get.groups.A),
        pending: base + at('P'),
        exception: base + at('K'),
        traceback: base + at('T'),
        state: base + at('S'),
    };
}

/*
 * Read the package in `folder`. Returns { load, addresses }: load(imports => imports, options) is
 * the package's loadMicroPython, each time with a fresh interpreter; `wrap` may replace imports.
 */
export async function openMicroPython(folder) {
    const file = path.join(folder, 'micropython.wasm');
    const bytes = fs.readFileSync(file);
    const addresses = interruptAddresses(bytes);
    const module = await WebAssembly.compile(shareMemory(bytes));
    const { loadMicroPython } = await import(path.join(folder, 'micropython.mjs'));
    const instantiate = WebAssembly.instantiate;

    // the package offers no way to hand it a compiled module or imports of one's own
    async function load(wrap, options) {
        let memory;
        WebAssembly.instantiate = async (_, imports) => {
            const instance = await instantiate(module, wrap(imports, () => memory));
            memory = instance.exports.memory;
            return { instance, module };
        };
        try {
            const mp = await loadMicroPython({ url: file, ...options });
            return { mp, memory };
        } finally {
            WebAssembly.instantiate = instantiate;
        }
    }
    return { load, addresses };
}
