/**
 * Byte offsets of UTF-8, as the core counts them, turned into indexes of JavaScript strings, which
 * count UTF-16 units. Only for text that is at hand: it walks the text once per conversion.
 */

/** How many bytes the code point takes in UTF-8. A lone surrogate counts as U+FFFD does: three. */
function utf8Length(codePoint: number): number {
	if (codePoint < 0x80) return 1;
	if (codePoint < 0x800) return 2;
	return codePoint < 0x10000 ? 3 : 4;
}

/**
 * The index in `text` at which its UTF-8 form has `byte` bytes before it. A byte inside a character
 * gives that character's beginning; a byte past the end gives the end.
 */
export function byteToUtf16(text: string, byte: number): number {
	let bytes = 0;
	let index = 0;
	while (index < text.length) {
		const codePoint = text.codePointAt(index) ?? 0;
		const next = bytes + utf8Length(codePoint);
		if (next > byte) break;
		bytes = next;
		index += codePoint > 0xffff ? 2 : 1;
	}
	return index;
}

/** How many bytes `text` takes in UTF-8. */
export function utf8Bytes(text: string): number {
	let bytes = 0;
	for (const character of text) bytes += utf8Length(character.codePointAt(0) ?? 0);
	return bytes;
}
