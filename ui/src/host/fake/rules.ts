/** What a source's rules leave out, simply: a pattern is a name, a folder, or an ending. */
import type { Document, SourceRules } from "../../wire/generated";

export const USUAL_RULES: SourceRules = {
	ignore: [],
	gitignore: true,
	hidden: false,
	max_bytes: null,
	only: [],
	forgotten: [],
};

function matches(path: string, pattern: string): boolean {
	if (pattern.startsWith("*.")) return path.endsWith(pattern.slice(1));
	return `/${path}/`.includes(`/${pattern.replace(/^\/|\/$/g, "")}/`);
}

/** Whether the file is passed over, so that it is not even listed. */
export function leftOut(path: string, rules: SourceRules): boolean {
	return (
		rules.forgotten.includes(path) ||
		rules.ignore.some((pattern) => matches(path, pattern)) ||
		(rules.only.length > 0 && !rules.only.some((ending) => path.toLowerCase().endsWith(`.${ending}`)))
	);
}

export function overSize(document: Document, rules: SourceRules): boolean {
	return rules.max_bytes !== null && document.size_bytes > rules.max_bytes;
}
