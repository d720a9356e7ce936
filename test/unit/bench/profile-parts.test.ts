import { expect, it } from 'vitest';

import { timeByPart, type CpuProfile } from '../../bench/profile-parts.ts';

const node = (id: number, url: string, children: number[] = [], functionName = 'f') => ({
  id,
  callFrame: { functionName, url },
  children,
});

const profile: CpuProfile = {
  nodes: [
    node(1, '', [2, 3, 8], '(root)'),
    node(2, '', [], '(idle)'),
    node(3, 'file:///app/out/main/proxy/metered-call.js', [4, 6, 7]),
    node(4, 'file:///app/out/main/proxy/inspect.js', [5]),
    node(5, 'node:internal/crypto/hash'),
    node(6, 'node:net', []),
    node(7, 'file:///app/node_modules/undici/lib/dispatcher/client-h1.js'),
    node(8, '', [], '(garbage collector)'),
    node(9, '', [], 'toString'),
  ],
  samples: [2, 3, 4, 5, 5, 6, 7, 8],
  timeDeltas: [1_000, 10, 20, 5, 5, 40, 50, 60],
};

it('gives the time of each function to its part, what Node does to the part that asked, and idle time to none', () => {
  expect(timeByPart(profile)).toEqual([
    ['collecting garbage', 60],
    ['undici: the connection to the upstream', 50],
    ['Node: sockets and HTTP', 40],
    ['looking into the request', 30],
    ['carrying it', 10],
  ]);
});
