/** Builds the dashboard into out/renderer; used by `npm ci` (prepare), the desktop build and the dev server. */
import { join } from 'node:path';

import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: join(import.meta.dirname, 'renderer'),
  base: '/',
  plugins: [react(), tailwindcss()],
  build: {
    outDir: join(import.meta.dirname, 'out', 'renderer'),
    emptyOutDir: true,
    // The content security policy allows files only, no data: scripts or fonts.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1_200,
  },
  server: { proxy: { '/api': 'http://127.0.0.1:4142' } },
});
