/** The load of a bench in a process of its own: takes one `Load` after another from its parent and answers each with what it measured. */
import { applyLoad, type Load, type LoadResult } from './load.ts';

export type LoadAnswer = { readonly result: LoadResult } | { readonly failure: string };

process.on('message', (load: Load) => {
  applyLoad(load).then(
    (result) => process.send?.({ result } satisfies LoadAnswer),
    (error: unknown) => process.send?.({ failure: String(error) } satisfies LoadAnswer),
  );
});
