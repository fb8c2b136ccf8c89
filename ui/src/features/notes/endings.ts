/**
 * Line endings. A text field turns every one of them into a line feed; a file that has the ones of
 * Windows is to keep them.
 */

/** With a line feed alone at every line's end, as a text field gives it back. */
export const asLines = (text: string): string => text.replace(/\r\n?/g, "\n");

/** With the line endings of Windows; of a text that has line feeds alone. */
export const withCrlf = (text: string): string => text.replaceAll("\n", "\r\n");

/** Whether most lines end as on Windows; null if there is but one line. */
export function endsInCrlf(text: string): boolean | null {
	const all = text.split("\n").length - 1;
	return all === 0 ? null : (text.split("\r\n").length - 1) * 2 > all;
}
