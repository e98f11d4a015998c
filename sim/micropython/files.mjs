// SPDX-License-Identifier: Apache-2.0
/*
 * The board's file tree: in the interpreter's memory below /flash, and in a folder of the host,
 * so that it survives resets and processes. A file reaches the folder when it is closed or
 * flushed, in one step (a rename), as littlefs does it: what was not closed at a reset is lost.
 */
import fs from 'node:fs';
import path from 'node:path';

export const ROOT = '/flash';

// an ESP32 with 4 MB of flash keeps 2 MB for files
const CAPACITY = 2 * 1024 * 1024;
const BLOCK = 4096;
const BOOT_PY = '# This file runs at each start of the board, before main.py.\n';

// of Emscripten, which has WASI's numbers
const EIO = 29;
const ENOSPC = 51;

const WRITABLE = 3; // O_WRONLY | O_RDWR
const APPEND = 0x400;

export class Files {
    // folder: null if the tree is not kept
    constructor(folder) {
        this.folder = folder;
        if (folder !== null && !fs.existsSync(folder)) {
            fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
            fs.writeFileSync(path.join(folder, 'boot.py'), BOOT_PY);
        }
    }

    // A fresh interpreter: give it the tree, and follow what it changes.
    attach(FS) {
        this.FS = FS;
        FS.mkdir(ROOT);
        if (this.folder === null)
            FS.writeFile(`${ROOT}/boot.py`, BOOT_PY);
        else
            this.load('');
        this.watch();
    }

    // Links and devices are left out: nothing outside the folder is ever read or written.
    load(below) {
        for (const entry of fs.readdirSync(path.join(this.folder, below),
            { withFileTypes: true })) {
            const name = `${below}/${entry.name}`;
            const host = path.join(this.folder, name);
            if (entry.isDirectory()) {
                this.FS.mkdir(ROOT + name);
                this.load(name);
            } else if (entry.isFile()) {
                const at = fs.statSync(host).mtimeMs;
                const data = fs.readFileSync(host);
                if (data.length > this.free())
                    continue;
                this.FS.writeFile(ROOT + name, data);
                this.FS.utime(ROOT + name, at, at);
            }
        }
    }

    inTree(name) {
        return name.startsWith(`${ROOT}/`);
    }

    // The host's name of a path in the tree; Emscripten has resolved '..' and links before.
    host(name) {
        return path.join(this.folder, name.slice(ROOT.length + 1));
    }

    // Do `change` on the host; what the host refuses is an input/output error on the board.
    mirror(change) {
        if (this.folder === null)
            return;
        try {
            change();
        } catch (e) {
            throw new this.FS.ErrnoError(e.code === 'ENOSPC' ? ENOSPC : EIO);
        }
    }

    save(node) {
        const name = this.FS.getPath(node);
        if (!this.inTree(name) || !this.FS.isFile(node.mode))
            return;
        const data = this.FS.readFile(name);
        this.mirror(() => {
            const fresh = `${this.folder}.new`;
            fs.writeFileSync(fresh, data);
            fs.renameSync(fresh, this.host(name));
        });
    }

    // As flash: whole blocks, and one for the name, so that empty files have a bound too.
    measure(node) {
        if (this.FS.isFile(node.mode))
            return Math.ceil(node.usedBytes / BLOCK) * BLOCK + BLOCK;
        return Object.values(node.contents).reduce((sum, n) => sum + this.measure(n), BLOCK);
    }

    // Bytes that are free, counted anew: names, truncation and removal all change it.
    free() {
        return CAPACITY - this.measure(this.FS.lookupPath(ROOT).node);
    }

    watch() {
        const FS = this.FS;
        const { mkdir, rmdir, unlink, rename, write, close, statfs } = FS;
        const absolute = name => FS.getPath(FS.lookupPath(name, { parent: true }).node)
            .replace(/\/?$/, '/') + path.posix.basename(name);
        const both = (name, inside, onHost) => {
            const full = absolute(name);
            const ret = inside();
            if (this.inTree(full))
                this.mirror(() => onHost(this.host(full)));
            return ret;
        };

        FS.mkdir = (name, ...rest) => both(name, () => mkdir.call(FS, name, ...rest),
            host => fs.mkdirSync(host));
        FS.rmdir = name => both(name, () => rmdir.call(FS, name), host => fs.rmdirSync(host));
        FS.unlink = name => both(name, () => unlink.call(FS, name),
            host => fs.rmSync(host, { force: true }));
        FS.rename = (from, to) => {
            const [a, b] = [absolute(from), absolute(to)];
            rename.call(FS, from, to);
            if (this.inTree(a) && this.inTree(b))
                this.mirror(() => fs.renameSync(this.host(a), this.host(b)));
        };
        FS.write = (stream, buffer, offset, length, position, ...rest) => {
            const { node } = stream;
            if (FS.isFile(node.mode)) {
                const append = (stream.flags & APPEND) !== 0;
                const end = length +
                    (append ? node.usedBytes : position ?? stream.position);
                if (end > node.usedBytes && end - node.usedBytes > this.free())
                    throw new FS.ErrnoError(ENOSPC);
                stream.dirty = true;
            }
            return write.call(FS, stream, buffer, offset, length, position, ...rest);
        };
        FS.close = stream => {
            const changed = stream.dirty || (stream.flags & WRITABLE) !== 0;
            const ret = close.call(FS, stream);
            if (changed)
                this.save(stream.node);
            return ret;
        };
        FS.statfs = name => Object.assign(statfs.call(FS, name), {
            bsize: BLOCK, frsize: BLOCK, blocks: CAPACITY / BLOCK,
            bfree: Math.floor(this.free() / BLOCK), bavail: Math.floor(this.free() / BLOCK),
        });
    }

    // f.flush()
    flush(fd) {
        const stream = this.FS.getStream(fd);
        if (stream?.dirty) {
            stream.dirty = false;
            this.save(stream.node);
        }
    }
}
