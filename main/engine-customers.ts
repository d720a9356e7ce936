/**
 * Who is billed for whom while an engine runs: what the settings file says, in force from the next call on, whether a change comes through the API, from a
 * command or from an editor. A file that cannot be used changes nothing; the trouble is shown until it is mended.
 */
import { isAppError } from '../shared/contract/errors.ts';
import type { Settings } from '../shared/contract/settings.ts';
import type { MappingView, MapRequest } from '../shared/contract/stripe-customers.ts';
import type { EngineOptions } from './engine-options.ts';
import { saveMapping } from './settings/customers-in-file.ts';
import { watchFile } from './settings/file-watch.ts';

export type EngineCustomers = {
  /** The engine's settings, with the customers that are in force at the moment of asking. */
  readonly settings: Settings;
  readonly trouble: () => MappingView['trouble'];
  /** @throws what `saveMapping` throws; nothing is changed then. */
  readonly map: (request: MapRequest) => void;
  readonly close: () => void;
};

export function openEngineCustomers({ settings, settingsStore: store, clock, log }: EngineOptions): EngineCustomers {
  let inForce = settings.customers;
  let trouble: MappingView['trouble'] = null;

  function putInForce(next: Settings['customers'], by: string): void {
    trouble = null;
    if (JSON.stringify(next) === JSON.stringify(inForce)) return;
    inForce = next;
    log.info('customers changed', { by });
  }

  function readFile(): void {
    try {
      putInForce(store.read().settings.customers, 'the settings file');
    } catch (error) {
      if (!isAppError(error)) throw error;
      trouble = { message: error.message, remedy: error.remedy };
    }
  }

  const watch = watchFile(store.file, clock, readFile);
  return {
    settings: {
      ...settings,
      get customers() {
        return inForce;
      },
    },
    trouble: () => trouble,
    map: (request) => putInForce(saveMapping(store, request).settings.customers, 'the dashboard or a command'),
    close: watch.close,
  };
}
