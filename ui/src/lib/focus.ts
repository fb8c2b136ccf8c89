/** For layers that lie over something else: the focus goes in, and back when the layer goes. */

const FOCUSABLE = 'button:not(:disabled):not([tabindex="-1"]), input, textarea, [tabindex="0"]';

/** To be attached to the layer's element. */
export function borrowFocus(layer: HTMLElement): () => void {
	const before = document.activeElement;
	layer.querySelector<HTMLElement>(FOCUSABLE)?.focus();
	return () => {
		const lost = document.activeElement === document.body || layer.contains(document.activeElement);
		if (lost && before instanceof HTMLElement && before.isConnected) before.focus();
	};
}
