/** Where Claude Code keeps its transcripts. Lists files; reads and writes none. */
import { existsSync, globSync, readdirSync, statSync, type Dirent } from 'node:fs';
import { basename, join, resolve, sep } from 'node:path';

import { AppError } from '../../shared/contract/errors.ts';

export type TranscriptPlaces = {
  /** A config folder of Claude Code, or its `projects` folder; null looks in the usual places. */
  readonly folder: string | null;
  /** `CLAUDE_CONFIG_DIR`: one folder or a comma-separated list; it takes the place of the usual ones. */
  readonly configFolders: string | null;
  readonly homeFolder: string;
};

/** The `projects` folders that exist. @throws AppError `not_found` when a folder was named and holds no transcripts' folder. */
export function transcriptRoots({ folder, configFolders, homeFolder }: TranscriptPlaces): string[] {
  if (folder !== null) {
    const root = projectsOf(resolve(folder));
    if (root !== null) return [root];
    throw new AppError(
      'not_found',
      `There are no Claude Code transcripts in ${folder}.`,
      'Name a config folder of Claude Code (such as ~/.claude) or its projects folder.',
    );
  }
  const named = configFolders?.split(',').map((part) => part.trim()) ?? [];
  const usual = [join(homeFolder, '.claude'), join(homeFolder, '.config', 'claude')];
  const places = named.some((part) => part !== '') ? named.filter((part) => part !== '') : usual;
  const roots = places.map((place) => projectsOf(resolve(atHome(place, homeFolder))));
  return withoutLinks(roots.filter((root) => root !== null));
}

/** A shell expands the tilde of the first folder of a list at most. */
function atHome(place: string, homeFolder: string): string {
  return /^~(?=$|[/\\])/.test(place) ? join(homeFolder, place.slice(1)) : place;
}

/** Each folder once, by the name under which it comes first: one place may be a link to another. */
function withoutLinks(roots: readonly string[]): string[] {
  const identities = roots.map(identityOf);
  return roots.filter((_root, index) => identities.indexOf(identities[index] ?? '') === index);
}

/** The same for a folder and for a link to it; that of its name where it has just vanished. */
function identityOf(root: string): string {
  const facts = statSync(root, { bigint: true, throwIfNoEntry: false });
  return facts === undefined ? root : `${facts.dev} ${facts.ino}`;
}

function projectsOf(folder: string): string | null {
  const inside = join(folder, 'projects');
  if (existsSync(inside)) return inside;
  if (basename(folder) === 'projects' && existsSync(folder)) return folder;
  return existsSync(folder) && globSync('*/*.jsonl', { cwd: folder }).length > 0 ? folder : null;
}

/** Sessions and their subagents, the paths absolute and in order. */
export function transcriptFiles(roots: readonly string[]): string[] {
  return roots.flatMap((root) => filesUnder(root).toSorted());
}

/**
 * A plain walk: a month of sessions is thousands of files, and matching each against a pattern costs more than finding it. Links to folders are not
 * followed, since they may lead around in a circle. A folder that cannot be listed is named itself, so that it is told as unreadable; one that has just
 * vanished holds nothing.
 */
function filesUnder(folder: string): string[] {
  const entries = entriesOf(folder);
  if (entries === null) return [folder];
  return entries.flatMap((entry) => {
    const path = `${folder}${sep}${entry.name}`;
    if (entry.name.endsWith('.jsonl')) return [path];
    return entry.isDirectory() ? filesUnder(path) : [];
  });
}

/** Null when it may not be listed. */
function entriesOf(folder: string): Dirent[] | null {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? [] : null;
  }
}
