/** The bytes that `text` stands for, ready to be shown as a picture. */
export function base64ToBlob(text: string, type: string): Blob {
	const binary = atob(text);
	const bytes = new Uint8Array(binary.length);
	for (let i = 0; i < binary.length; i += 1) bytes[i] = binary.charCodeAt(i);
	return new Blob([bytes], { type });
}
