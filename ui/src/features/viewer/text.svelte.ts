/** The text of one revision of a document, as much of it as has been looked at. */
import { asApiError } from "../../api/errors";
import type { Place } from "../../api/place";
import { call } from "../../api/rpc";
import type { ApiError, Block, Document, ReadReq, TextSpan } from "../../wire/generated";

const WINDOW = 160;

export class DocumentText {
	document = $state.raw<Document | null>(null);
	revision = $state<number | null>(null);
	isLive = $state(true);
	blocks = $state.raw<Block[]>([]);
	/** Index of the first block that is here. */
	offset = $state(0);
	total = $state(0);
	spans = $state.raw<TextSpan[]>([]);
	error = $state.raw<ApiError | null>(null);
	loading = $state(false);
	#turn = 0;
	#place: Place | null = null;

	/** Goes to a place; what is here already is not fetched again. */
	async open(place: Place): Promise<void> {
		this.#place = place;
		this.spans = place.spans;
		const at = place.spans[0]?.start ?? null;
		if (this.#has(place, at)) return;
		await this.#replace({
			document: place.document,
			revision: place.revision,
			at,
			offset: 0,
			limit: WINDOW,
		});
	}

	/** The current text instead of the one that was cited; its spans are not those of the citation. */
	async openLive(): Promise<void> {
		if (!this.#place) return;
		this.spans = [];
		await this.#replace({
			document: this.#place.document,
			revision: null,
			at: null,
			offset: 0,
			limit: WINDOW,
		});
	}

	/** Goes to a block by its index. */
	async jump(offset: number): Promise<void> {
		await this.#replace(this.#request(Math.max(0, offset), WINDOW));
	}

	/** More before what is here; gives how many blocks came. */
	async earlier(): Promise<number> {
		if (this.offset === 0 || this.loading) return 0;
		const from = Math.max(0, this.offset - WINDOW);
		const res = await this.#fetch(this.#request(from, this.offset - from));
		if (!res) return 0;
		this.blocks = [...res.blocks, ...this.blocks];
		this.offset = from;
		return res.blocks.length;
	}

	/** More after what is here. */
	async later(): Promise<void> {
		const next = this.offset + this.blocks.length;
		if (next >= this.total || this.loading) return;
		const res = await this.#fetch(this.#request(next, WINDOW));
		if (res) this.blocks = [...this.blocks, ...res.blocks];
	}

	#request(offset: number, limit: number): ReadReq {
		return { document: this.document?.id ?? 0, revision: this.revision, at: null, offset, limit };
	}

	#has(place: Place, at: number | null): boolean {
		if (this.document?.id !== place.document || at === null) return false;
		if (place.revision !== null && place.revision !== this.revision) return false;
		return this.blocks.some((block) => block.start <= at && at < block.end);
	}

	async #replace(req: ReadReq): Promise<void> {
		const res = await this.#fetch(req);
		if (!res) return;
		this.document = res.document;
		this.revision = res.revision;
		this.isLive = res.is_live;
		this.offset = res.offset;
		this.total = res.total_blocks;
		this.blocks = res.blocks;
	}

	/** Undefined if it failed, or if something else was asked for meanwhile. */
	async #fetch(req: ReadReq) {
		this.#turn += 1;
		const turn = this.#turn;
		this.loading = true;
		try {
			const res = await call("read_document", req);
			if (turn !== this.#turn) return undefined;
			this.error = null;
			return res;
		} catch (thrown) {
			if (turn === this.#turn) this.error = asApiError(thrown);
			return undefined;
		} finally {
			if (turn === this.#turn) this.loading = false;
		}
	}
}
