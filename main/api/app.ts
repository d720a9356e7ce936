/**
 * The dashboard's API and, where there is one, the built dashboard itself. Every request passes the guard first (host, origin, token).
 * Promises JSON of shared/contract on every answer, errors included. Binds nothing; the engine serves it on loopback.
 */
import { Hono } from 'hono';

import type { ApiError } from '../../shared/contract/api-error.ts';
import { AppError, FieldsError, isAppError, type ErrorCode } from '../../shared/contract/errors.ts';
import { errorText } from '../system/error-text.ts';
import type { Log } from '../system/log.ts';
import { applyPricesRoutes } from './apply-prices.ts';
import { assignRoutes } from './assign.ts';
import { batchesRoutes } from './batches.ts';
import { callsRoutes } from './calls.ts';
import { dashboardFiles } from './dashboard-files.ts';
import { createGuard, type GuardOptions } from './guard.ts';
import { importRoutes } from './import.ts';
import { limitsRoutes } from './limits.ts';
import { keysRoutes } from './keys.ts';
import { liveRoutes } from './live.ts';
import { monthRoutes } from './month.ts';
import type { ApiParts } from './parts.ts';
import { planRoutes } from './plan.ts';
import { pricesRoutes } from './prices.ts';
import { secretsRoutes } from './secrets.ts';
import { statusRoutes } from './status.ts';
import { stripeBillingRoutes } from './stripe-billing.ts';
import { stripeRoutes } from './stripe.ts';

export type ApiOptions = {
  readonly parts: ApiParts;
  readonly guard: GuardOptions;
  /** Folder of the built dashboard; null where the window brings its own (desktop app). */
  readonly rendererFolder: string | null;
  readonly log: Log;
};

const statusOfCode: Partial<Record<ErrorCode, 400 | 401 | 403 | 404 | 409 | 502>> = {
  bad_usage: 400,
  not_authorized: 401,
  wrong_host: 403,
  not_found: 404,
  stripe_not_set_up: 409,
  stripe_failed: 502,
  home_mismatch: 409,
  changed_meanwhile: 409,
  bad_settings: 409,
};

export function createApi({ parts, guard, rendererFolder, log }: ApiOptions): Hono {
  const api = new Hono();
  api.onError((error, context) => {
    if (isAppError(error)) return context.json(bodyOf(error), statusOfCode[error.code] ?? 500);
    log.error('a request to the dashboard failed', { path: context.req.path, reason: errorText(error) });
    const failed = new AppError('engine_failed', 'The engine could not answer.', 'See the log in the home folder.');
    return context.json(bodyOf(failed), 500);
  });
  api.use('*', createGuard(guard));
  api.route('/api', statusRoutes(parts));
  api.route('/api', liveRoutes(parts));
  api.route('/api', limitsRoutes(parts));
  api.route('/api', monthRoutes(parts));
  api.route('/api', callsRoutes(parts));
  api.route('/api', stripeRoutes(parts));
  api.route('/api', planRoutes(parts));
  api.route('/api', stripeBillingRoutes(parts));
  api.route('/api', batchesRoutes(parts));
  api.route('/api', importRoutes(parts));
  api.route('/api', applyPricesRoutes(parts));
  api.route('/api', pricesRoutes(parts));
  api.route('/api', keysRoutes(parts));
  api.route('/api', secretsRoutes(parts));
  api.route('/api', assignRoutes(parts));
  api.all('/api/*', () => {
    throw new AppError(
      'not_found',
      'There is no such resource.',
      'See docs/architecture.md for the resources of the API.',
    );
  });
  if (rendererFolder !== null) api.route('/', dashboardFiles(rendererFolder));
  return api;
}

function bodyOf(error: AppError): ApiError {
  const fields =
    error instanceof FieldsError
      ? { fields: error.fields.map(({ path, ...words }) => ({ path: [...path], ...words })) }
      : {};
  return { error: { code: error.code, message: error.message, remedy: error.remedy, ...fields } };
}
