/** What is wrong with a field, under it; the field names it as its description, so that a screen reader reads it with the field. */
export function FieldError({ id, text }: { readonly id: string; readonly text: string | undefined }) {
  if (text === undefined) return null;
  return (
    <p id={id} className="mt-1 text-left text-[13px] whitespace-normal text-stop">
      {text}
    </p>
  );
}

/** For the field itself: its description, and that it is wrong. */
export function described(ids: readonly (string | null)[], isWrong: boolean) {
  const names = ids.filter((id) => id !== null).join(' ');
  return { 'aria-describedby': names === '' ? undefined : names, 'aria-invalid': isWrong || undefined };
}
