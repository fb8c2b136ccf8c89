/** The pages of a document as pictures: which there are, how tall each is, what is marked on them. */
import { asApiError } from "../../api/errors";
import { call } from "../../api/rpc";
import { base64ToBlob } from "../../lib/base64";
import type { ApiError, PageHighlight, TextSpan } from "../../wire/generated";

/** A4, until a page has been seen. */
const USUAL_ASPECT = Math.SQRT2;
/** Pictures kept; a page of text is about a megabyte. */
const KEEP = 14;
const WIDEST = 2600;
/** Widths are rounded up to this, so that a pane dragged wider does not ask at every pixel. */
const STEP = 200;

export interface Picture {
	url: string;
	/** Width in pixels that it was made for. */
	width: number;
}

export class Pages {
	readonly count: number;
	highlights = $state.raw<PageHighlight[]>([]);
	/** Height over width, of the pages seen so far. */
	aspects = $state.raw<ReadonlyMap<number, number>>(new Map());
	error = $state.raw<ApiError | null>(null);
	#document: number;
	#pictures = new Map<number, Picture>();
	#usual = $state(USUAL_ASPECT);

	constructor(document: number, count: number) {
		this.#document = document;
		this.count = count;
	}

	aspect(page: number): number {
		return this.aspects.get(page) ?? this.#usual;
	}

	/** Finds out where spans stand. For a document whose pages nobody can tell there are none. */
	async mark(revision: number, spans: TextSpan[]): Promise<void> {
		this.highlights = [];
		if (spans.length === 0) return;
		try {
			const { pages } = await call("highlight", { document: this.#document, revision, spans });
			this.highlights = pages;
			for (const { page, width, height } of pages) this.#seen(page, height / width);
		} catch (thrown) {
			this.error = asApiError(thrown);
		}
	}

	/** The picture of a page, wide enough for `cssWidth`; one made for less is made again. */
	async picture(page: number, cssWidth: number): Promise<Picture> {
		const wanted = Math.min(WIDEST, Math.ceil((cssWidth * devicePixelRatio) / STEP) * STEP);
		const known = this.#pictures.get(page);
		if (known && known.width >= wanted) return known;
		const res = await call("page_image", { document: this.#document, page, width: wanted });
		const picture = { url: URL.createObjectURL(base64ToBlob(res.png_base64, "image/png")), width: wanted };
		this.#forget(page);
		this.#pictures.set(page, picture);
		this.#seen(page, res.height / res.width);
		for (const oldest of this.#pictures.keys()) {
			if (this.#pictures.size <= KEEP) break;
			this.#forget(oldest);
		}
		return picture;
	}

	#seen(page: number, aspect: number): void {
		if (!Number.isFinite(aspect) || aspect <= 0) return;
		if (this.aspects.size === 0) this.#usual = aspect;
		if (this.aspects.get(page) === aspect) return;
		this.aspects = new Map(this.aspects).set(page, aspect);
	}

	#forget(page: number): void {
		const picture = this.#pictures.get(page);
		if (picture) URL.revokeObjectURL(picture.url);
		this.#pictures.delete(page);
	}

	/** Lets go of all pictures. */
	close(): void {
		for (const page of [...this.#pictures.keys()]) this.#forget(page);
	}
}
