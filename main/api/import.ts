/**
 * `POST /api/import/claude-code` {folder, configFolders, homeFolder} and `POST /api/import/ledger` {path}: usage that did not pass the proxy, taken in by
 * the one engine that writes the ledger. The command beside it says where to look, since its environment is the person's.
 */
import { Hono } from 'hono';

import { ledgerImportSchema, transcriptPlacesSchema } from '../../shared/contract/api.ts';
import type { ApiParts } from './parts.ts';
import { readJson } from './query.ts';

export function importRoutes({ intake }: ApiParts): Hono {
  const routes = new Hono();
  routes.post('/import/claude-code', async (context) =>
    context.json(await intake.transcripts(await readJson(context, transcriptPlacesSchema))),
  );
  routes.post('/import/ledger', async (context) =>
    context.json(await intake.ledger((await readJson(context, ledgerImportSchema)).path)),
  );
  return routes;
}
