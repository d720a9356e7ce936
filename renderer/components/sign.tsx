/** The two shapes beside a sentence, so that colour is never alone: a triangle for "look here", a stop sign for what was stopped. */
export function LookSign() {
  return (
    <svg width="14" height="14" viewBox="0 0 16 16" className="mt-[3px] flex-none text-warn" aria-hidden="true">
      <path d="M8 2 15 14H1ZM8 6.5v3.2M8 12v.2" fill="none" stroke="currentColor" strokeWidth="1.6" />
    </svg>
  );
}

export function StopSign() {
  return (
    <svg width="14" height="14" viewBox="0 0 16 16" className="mt-[3px] flex-none text-stop" aria-hidden="true">
      <path d="M5 1.5h6L14.5 5v6L11 14.5H5L1.5 11V5ZM5 8h6" fill="none" stroke="currentColor" strokeWidth="1.6" />
    </svg>
  );
}
