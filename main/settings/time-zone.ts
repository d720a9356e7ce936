/** The zone in which days and months begin: the setting, else this machine's own. */
import { AppError } from '../../shared/contract/errors.ts';

/** @throws AppError `bad_settings` when the zone is not a known IANA name. */
export function resolveTimeZone(setting: string): string {
  const machineZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zone = setting === '' ? machineZone : setting;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone;
  } catch (error) {
    throw new AppError(
      'bad_settings',
      `"${zone}" is not a time zone.`,
      'Use an IANA name such as Europe/Berlin.',
      error,
    );
  }
}
