/** A process of its own that asks for a home's lock, says whether it got it, and holds it until its input ends. For tests of who wins. */
import { takeHomeLock } from '../../main/system/home-lock.ts';

const [home = '', purpose = 'the engine'] = process.argv.slice(2);
process.stdin.on('data', () => {
  const answer = takeHomeLock(home, purpose, 0);
  process.stdout.write(`${answer.kind} ${process.pid}\n`);
});
process.stdout.write('ready\n');
process.stdin.on('end', () => process.exit());
