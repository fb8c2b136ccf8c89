/** The documents that the person has picked out of the list. They stay picked while the list is filtered. */
import { SvelteMap } from "svelte/reactivity";
import type { Document } from "../../wire/generated";

export class Selection {
	#picked = new SvelteMap<number, Document>();

	get size(): number {
		return this.#picked.size;
	}

	get documents(): Document[] {
		return [...this.#picked.values()];
	}

	has(document: number): boolean {
		return this.#picked.has(document);
	}

	toggle(document: Document): void {
		if (!this.#picked.delete(document.id)) this.#picked.set(document.id, document);
	}

	clear(): void {
		this.#picked.clear();
	}
}
