/** Reads the recorded traffic beside the checkout; where it is absent the tests that need it say so and skip. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

export type Exchange = {
  readonly source: string;
  readonly kind: string;
  readonly stream: boolean;
  readonly notes?: readonly string[] | string;
  readonly request: {
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string | readonly string[]>>;
    readonly body_text: string;
    readonly body_raw_b64?: string;
  };
};

export const recordedFolder = join(import.meta.dirname, '../../../shared/recorded');
export const isRecordedHere = existsSync(recordedFolder);
export const absentReason = 'the recorded traffic (../shared/recorded) is not beside this checkout';

export function recordedFiles(): string[] {
  return isRecordedHere ? globSync('*.jsonl', { cwd: recordedFolder }).toSorted() : [];
}

export function readExchanges(file: string): Exchange[] {
  const lines = readFileSync(join(recordedFolder, basename(file)), 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Exchange);
}

/** The bytes of an answer as they were on the wire, where the recorder kept them. */
export function bodyOf({ response }: Exchange): Buffer {
  return response.body_raw_b64 === undefined
    ? Buffer.from(response.body_text, 'utf8')
    : Buffer.from(response.body_raw_b64, 'base64');
}
