/** A sentence as the engine tells it, which a terminal shows as well: what stands between backticks is to be typed, and is shown as that. */
export function EngineWords({ text }: { readonly text: string }) {
  return text.split('`').map((part, index) =>
    index % 2 === 1 ? (
      // The parts of one sentence never change places.
      <code key={index} className="break-words">
        {part}
      </code>
    ) : (
      part
    ),
  );
}
