/**
 * Whether a write-ahead log lost something that was committed. SQLite reads a log up to the first frame that does not check and passes over the
 * rest without a word, which is right for a torn end and wrong for damage in the middle.
 *
 * A log is a header of 32 bytes and frames of 24 bytes and a page. A frame belongs to the log when it carries the header's two salts; what an
 * earlier round of the log left behind has others. After a power cut the last transaction may stand there in part, and none of it was promised
 * to anybody. So damage is: a header that is none, or a frame that does not check with two or more commits of this round behind it.
 * Layout and checksum: https://sqlite.org/fileformat2.html#the_write_ahead_log. Pure.
 */

const headerBytes = 32;
const frameHeaderBytes = 24;
/** The last bit says in which order of bytes the checksums are. */
const magic = 0x377f0682;

export function isLogDamaged(log: Buffer): boolean {
  // Empty, or cut before its first frame: nothing was committed in it.
  if (log.length < headerBytes + frameHeaderBytes) return false;
  const isBigEndian = (log.readUInt32BE(0) & 1) === 1;
  const pageBytes = log.readUInt32BE(8);
  if ((log.readUInt32BE(0) & ~1) >>> 0 !== magic || pageBytes < 512 || pageBytes > 65_536) return true;
  let sums = checksum([0, 0], log.subarray(0, 24), isBigEndian);
  if (sums[0] !== log.readUInt32BE(24) || sums[1] !== log.readUInt32BE(28)) return true;
  const salts = log.subarray(16, 24);
  let commitsBehindFault = 0;
  let isBroken = false;
  for (let at = headerBytes; at + frameHeaderBytes + pageBytes <= log.length; at += frameHeaderBytes + pageBytes) {
    const hasSalts = log.subarray(at + 8, at + 16).equals(salts);
    if (!isBroken) {
      sums = checksum(sums, log.subarray(at, at + 8), isBigEndian);
      sums = checksum(sums, log.subarray(at + frameHeaderBytes, at + frameHeaderBytes + pageBytes), isBigEndian);
      isBroken = !hasSalts || sums[0] !== log.readUInt32BE(at + 16) || sums[1] !== log.readUInt32BE(at + 20);
    } else if (hasSalts && log.readUInt32BE(at + 4) > 0) commitsBehindFault += 1;
  }
  return commitsBehindFault >= 2;
}

type Sums = readonly [number, number];

function checksum([first, second]: Sums, bytes: Buffer, isBigEndian: boolean): Sums {
  let s0 = first;
  let s1 = second;
  for (let at = 0; at < bytes.length; at += 8) {
    s0 = (s0 + (isBigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at)) + s1) >>> 0;
    s1 = (s1 + (isBigEndian ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4)) + s0) >>> 0;
  }
  return [s0, s1];
}
