/** What the window shows: one view in the centre, and what the right pane has open. */
import type { Place } from "../api/place";
import { ask, EVERYWHERE } from "../features/ask/ask.svelte";
import { current } from "../features/ask/current.svelte";
import type { Document, DocumentState, Scope } from "../wire/generated";
import { layout } from "./layout.svelte";

export type View =
	| { name: "ask" }
	| { name: "documents"; source: number | null; collection: number | null; state: DocumentState | null }
	| { name: "notes" }
	| { name: "models" }
	| { name: "settings" }
	| { name: "about" };

class Navigation {
	view = $state.raw<View>({ name: "ask" });
	/** The document open in the right pane. */
	place = $state.raw<Place | null>(null);
	/** The file in the right pane that cannot be opened, with its reasons. */
	detail = $state.raw<Document | null>(null);

	#go(view: View): void {
		this.view = view;
		this.closePane();
		layout.closeDrawers();
	}

	/** A stored conversation, or with null the empty box. */
	showConversation(conversation: number | null): void {
		this.#go({ name: "ask" });
		current.show(conversation);
		focusBox();
	}

	showDocuments(source: number | null, state: DocumentState | null = null): void {
		this.#go({ name: "documents", source, collection: null, state });
	}

	showCollection(collection: number): void {
		this.#go({ name: "documents", source: null, collection, state: null });
	}

	show(name: "notes" | "models" | "settings" | "about"): void {
		this.#go({ name });
	}

	/** The empty box, looking only there. */
	askWithin(scope: Partial<Scope>, title: string | null = null): void {
		this.showConversation(null);
		ask.look({ ...EVERYWHERE, ...scope }, title);
	}

	open(place: Place): void {
		this.detail = null;
		this.place = place;
	}

	showDetail(document: Document): void {
		this.place = null;
		this.detail = document;
	}

	/** Closes what the pane has open; passages stay behind it. */
	closePane(): void {
		this.place = null;
		this.detail = null;
	}

	get paneHasDocument(): boolean {
		return this.place !== null || this.detail !== null;
	}
}

export const navigation = new Navigation();

/** Puts the cursor into the box, once it is there. */
export function focusBox(): void {
	requestAnimationFrame(() => document.querySelector<HTMLElement>("[data-testid='ask-input']")?.focus());
}
