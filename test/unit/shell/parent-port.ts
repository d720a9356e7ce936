/** Loaded before main/engine-process.ts under plain Node: its `process.parentPort`, over the channel of a forked child. */
const port = {
  on: (_event: 'message', listener: (message: { data: unknown }) => void) =>
    process.on('message', (data) => listener({ data })),
  postMessage: (message: unknown) => process.send?.(message),
};
Object.assign(process, { parentPort: port });
// As a utilityProcess, it does not outlive its parent.
process.on('disconnect', () => process.exit(1));
