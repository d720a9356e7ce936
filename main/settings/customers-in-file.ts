/** Who is billed for whom as the settings file has it, and changing one of them there. For the engine, and for a command where none runs. */
import { AppError } from '../../shared/contract/errors.ts';
import type { Settings } from '../../shared/contract/settings.ts';
import type { MapRequest } from '../../shared/contract/stripe-customers.ts';
import type { SettingsRead, SettingsStore } from './store.ts';

/** The file stays one that a person can read and edit. */
const mappedMax = 10_000;

/**
 * `customer` null takes the mapping away.
 * @throws AppError `bad_settings` where the file cannot be used, `engine_failed` where it cannot be written, `not_found` where there was nothing to take away.
 */
export function saveMapping(store: SettingsStore, { kind, name, customer }: MapRequest): SettingsRead {
  return store.save(({ customers }) => {
    const table = kind === 'project' ? 'projects' : 'members';
    const { [name]: before, ...others } = customers[table];
    if (customer === null && before === undefined)
      throw new AppError(
        'not_found',
        `The ${kind} ${name} is mapped to no customer.`,
        'See `tollkeeper stripe mapping`.',
      );
    const next = customer === null ? others : { ...others, [name]: customer };
    if (Object.keys(next).length > mappedMax)
      throw new AppError('bad_usage', `At most ${mappedMax} ${table} can be mapped.`, 'Take away some that are over.');
    return { customers: { ...customers, [table]: next } satisfies Settings['customers'] };
  });
}
