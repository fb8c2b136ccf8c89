/** Links between notes, as they stand in the text: `[[Title]]`, `[[Title|shown]]`, `[[Title#part]]`. */

export interface OpenLink {
	/** Where what has been typed of the name begins. */
	from: number;
	typed: string;
}

/** The link that is being written at the caret, if one is. */
export function openLink(text: string, caret: number): OpenLink | null {
	const lineStart = text.lastIndexOf("\n", caret - 1) + 1;
	const before = text.slice(lineStart, caret);
	const at = before.lastIndexOf("[[");
	if (at < 0) return null;
	const typed = before.slice(at + 2);
	return /[\]|#]/.test(typed) ? null : { from: lineStart + at + 2, typed };
}

/** What to put from `from` up to the returned end, so that the link is whole. */
export function completion(text: string, caret: number, name: string): { to: number; insert: string } {
	const closed = /^[^\][\n]*\]\]/.exec(text.slice(caret));
	return { to: closed ? caret + closed[0].length : caret, insert: `${name}]]` };
}

/** The name of the link that the caret stands in. */
export function linkAt(text: string, caret: number): string | null {
	for (const match of text.matchAll(/\[\[([^\][\n]+)\]\]/g)) {
		const start = match.index;
		if (start <= caret && caret <= start + match[0].length) {
			return (match[1] ?? "").split(/[|#]/)[0]?.trim() || null;
		}
	}
	return null;
}

/** By which name a note is linked: its title, unless signs in it would end the link; then its file's name. */
export function linkName({ title, path }: { title: string; path: string }): string {
	const stem = (path.split("/").at(-1) ?? path).replace(/\.md$/, "");
	return /[\][|#\n]/.test(title) ? stem : title;
}

/** Names that begin with what was typed, then those that hold it. */
export function suggestions(names: readonly string[], typed: string, most: number): string[] {
	const wanted = typed.trim().toLowerCase();
	const unique = [...new Set(names)];
	const begins = unique.filter((name) => name.toLowerCase().startsWith(wanted));
	const holds = unique.filter((name) => !begins.includes(name) && name.toLowerCase().includes(wanted));
	return [...begins, ...holds].slice(0, most);
}
