/** `npm run dev`: the demo, restarted when its source changes, behind the dashboard's dev server with instant reload. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { createServer, type ProxyOptions } from 'vite';

const root = join(import.meta.dirname, '..');
const flags = ['serve', '--demo', '--json', ...process.argv.slice(2)];
const engine = spawn(process.execPath, ['--watch', join(root, 'main', 'cli.ts'), ...flags], {
  cwd: root,
  stdio: ['ignore', 'pipe', 'inherit'],
});
// A Ctrl-C reaches the engine by itself, and twice means "do not wait" to it, which is no failure of a demo.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => engine.kill('SIGTERM'));
engine.on('exit', () => process.exit(0));

let isServing = false;
for await (const line of createInterface({ input: engine.stdout })) {
  if (isServing || !line.startsWith('{')) continue;
  isServing = true;
  await serve(new URL((JSON.parse(line) as { dashboard: string }).dashboard));
}

/** Prints the dashboard's link on the dev server. Its token is changed for a cookie by the engine, as ever: the dev server knows none. */
async function serve(dashboard: URL): Promise<void> {
  const proxy: ProxyOptions = {
    target: dashboard.origin,
    changeOrigin: true,
    configure: (through) =>
      through.on('proxyReq', (request) => {
        // To the API its own page is foreign here; whatever else is foreign stays so.
        if (request.getHeader('origin') === own) request.removeHeader('origin');
      }),
  };
  const server = await createServer({
    configFile: join(root, 'vite.config.ts'),
    server: { host: '127.0.0.1', proxy: { '/api': proxy, '^/\\?token=': proxy } },
  });
  await server.listen();
  const own = new URL(server.resolvedUrls?.local[0] ?? '').origin;
  console.log(`Dashboard  ${own}/${dashboard.search}`);
}
