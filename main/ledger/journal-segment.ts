/**
 * A segment: one file of the journal, of a fixed size that is taken from the disk when the file is made. Writing into it needs no further room and
 * changes no size, so a disk that fills up later does not stop it, and making a write durable costs a third less than growing a file.
 * Knows no lines. `write` resolves when the bytes are on the disk; `writeAtOnce` returns when they are the kernel's, which outlives this process and
 * not the machine, and takes no longer than a copy: it waits for no disk.
 */
import { constants, fdatasync, write, writeSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export type Segment = {
  /** @throws the error of the disk. */
  readonly write: (bytes: Buffer, position: number) => Promise<void>;
  /** @throws the error of the disk, or of the memory that the kernel keeps its pages in. */
  readonly writeAtOnce: (bytes: Buffer, position: number) => void;
  /** Resolves when everything written at once before is on the disk. @throws the error of the disk. */
  readonly sync: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export type OpenSegment = (path: string, bytes: number) => Promise<Segment>;

export function segmentPath(folder: string, slot: number): string {
  return join(folder, `segment-${slot}`);
}

/**
 * The file is filled in steps: Linux keeps what one write brought in as large a piece of its cache as it can, and looks through the whole piece at every
 * later write into it. In one step a settle cost seven times as much.
 */
const blankBytes = 16 * 1024;
const zeros = Buffer.alloc(blankBytes);

/** Elsewhere than on Linux a write is followed by a sync: macOS reaches the platter only so, and Windows knows no such flag. */
const dsyncFlag = process.platform === 'linux' ? constants.O_DSYNC : 0;

/** Makes the file at its full size, zeros, and durable with its name in its folder. @throws the error of the disk. */
export const openSegment: OpenSegment = async (path, bytes) => {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const blank = await open(path, 'w', 0o600);
  try {
    for (let from = 0; from < bytes; from += blankBytes)
      await blank.write(zeros, 0, Math.min(blankBytes, bytes - from), from);
    await blank.datasync();
  } finally {
    await blank.close();
  }
  await syncFolder(dirname(path));
  const file = await open(path, constants.O_RDWR | dsyncFlag);
  // A write through the first would wait for the disk.
  const quick = await open(path, constants.O_RDWR);
  return {
    write: async (content, position) => {
      await writeAt(file.fd, content, position);
      if (dsyncFlag === 0) await syncNow(file.fd);
    },
    writeAtOnce: (content, position) => {
      const written = writeSync(quick.fd, content, 0, content.length, position);
      if (written !== content.length) throw new Error(partly);
    },
    sync: () => syncNow(quick.fd),
    close: async () => {
      await file.close();
      await quick.close();
    },
  };
};

const partly = 'the disk took only a part of it';

/** Not by the file handle's own method, which costs the loop three times as much: this stands in the way of every call. */
function writeAt(descriptor: number, content: Buffer, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    write(descriptor, content, 0, content.length, position, (error, bytesWritten) => {
      if (error) reject(error);
      else if (bytesWritten !== content.length) reject(new Error(partly));
      else resolve();
    });
  });
}

function syncNow(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(descriptor, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

/** A new file's name survives the loss of power only when its folder was synced; Windows does it by itself and refuses to open one. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
