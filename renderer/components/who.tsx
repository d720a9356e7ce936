/** Who made a call and what for; what nobody is named for says so. */
export function Who({ member, project }: { readonly member: string | null; readonly project: string | null }) {
  if (member === null && project === null) return <span className="text-faint">unassigned</span>;
  return (
    <>
      {member ?? <span className="text-faint">unassigned</span>}
      {project === null ? null : ` · ${project}`}
    </>
  );
}
