/** `npm run dev`: the demo, restarted when its source changes, behind the dashboard's dev server with instant reload. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { createServer } from 'vite';

const root = join(import.meta.dirname, '..');
const engine = spawn(
  process.execPath,
  ['--watch', join(root, 'main', 'cli.ts'), 'serve', '--demo', '--json', ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  },
);

engine.stdout.on('data', (text: Buffer) => {
  const dashboard = /"dashboard":"([^"]+)"/.exec(text.toString())?.[1];
  if (dashboard !== undefined) void serve(new URL(dashboard));
});

let isServing = false;

/** The dev server speaks to the API with the token in a header; the browser needs none here. */
async function serve(dashboard: URL): Promise<void> {
  if (isServing) return;
  isServing = true;
  const headers = { authorization: `Bearer ${dashboard.searchParams.get('token')}`, host: dashboard.host };
  const proxy = { '/api': { target: dashboard.origin, headers, configure: dropOrigin } };
  const server = await createServer({ configFile: join(root, 'vite.config.ts'), server: { host: '127.0.0.1', proxy } });
  await server.listen();
  server.printUrls();
}

type ProxyServer = {
  on: (event: 'proxyReq', listener: (request: { removeHeader: (name: string) => void }) => void) => void;
};

/** The page's origin is the dev server's, which the API would refuse as foreign. */
function dropOrigin(proxy: unknown): void {
  (proxy as ProxyServer).on('proxyReq', (request) => request.removeHeader('origin'));
}

process.on('SIGINT', () => {
  engine.kill('SIGINT');
  process.exit(0);
});
