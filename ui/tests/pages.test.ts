import { describe, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import { UNUSABLE_RECOGNITION } from "../src/host/fake";
import type { AppState, Code, Device } from "../src/wire/generated";
import {
	all,
	answered,
	byId,
	expectAccessible,
	hold,
	lastRequest,
	openWindow,
	QUESTIONS,
	TestId,
} from "./window";

const card = (name: string) => page.getByTestId(TestId.ModelCard).and(page.elementLocator(cardElement(name)));
const cardElement = (name: string) => document.querySelector(`[data-model="${name}"]`) as HTMLElement;

describe("models", () => {
	test("are shown with what they cost, what they know and whether anyone has tried them", async () => {
		await openWindow();
		await byId(TestId.NavModels).click();
		await expect.poll(() => all(TestId.ModelCard).length).toBe(5);
		const minilm = cardElement("all-minilm-l6-v2").textContent ?? "";
		for (const fact of ["In use", "Recommended", "91 MB", "180 MB", "Apache-2.0", "English"])
			expect(minilm).toContain(fact);
		expect(cardElement("multilingual-e5-small").textContent).toContain("Untried");
		expect(cardElement("qwen2.5-1.5b-instruct").textContent).toContain("402 MB of 1.1 GB here");
		expect(cardElement("bge-reranker-v2-m3").textContent).toContain("Not usable yet");
		await expectAccessible();
	});

	test("are fetched with progress, which can be cancelled and resumed", async () => {
		const held = hold();
		held.at = "download";
		await openWindow({ gate: held.gate });
		await byId(TestId.NavModels).click();
		await expect.poll(() => all(TestId.ModelCard).length).toBe(5);
		await card("qwen2.5-1.5b-instruct").getByTestId(TestId.ModelFetch).click();
		await expect.element(byId(TestId.ModelProgress)).toHaveTextContent("from huggingface.co");
		await expectAccessible();
		await byId(TestId.ModelFetchCancel).click();
		held.release();
		await expect.poll(() => all(TestId.ModelProgress).length).toBe(0);
		expect(all(TestId.Failure)).toEqual([]);
		await card("qwen2.5-1.5b-instruct").getByTestId(TestId.ModelFetch).click();
		await expect.poll(() => cardElement("qwen2.5-1.5b-instruct").dataset.state).toBe("installed");
	});

	test("that fail to come say why, in their own place", async () => {
		await openWindow({ failing: { fetch_model: "checksum_mismatch" } });
		await byId(TestId.NavModels).click();
		await expect.poll(() => all(TestId.ModelCard).length).toBe(5);
		await card("multilingual-e5-small").getByTestId(TestId.ModelFetch).click();
		await expect
			.element(byId(TestId.Failure))
			.toHaveTextContent("The file is not the one that was promised.");
		await expectAccessible();
	});

	test("a model that would need everything indexed again says so first", async () => {
		const host = await openWindow();
		await byId(TestId.NavModels).click();
		await expect.poll(() => all(TestId.ModelCard).length).toBe(5);
		await card("multilingual-e5-small").getByTestId(TestId.ModelFetch).click();
		await expect.poll(() => cardElement("multilingual-e5-small").dataset.state).toBe("installed");
		await card("multilingual-e5-small").getByTestId(TestId.ModelUse).click();
		const plan = byId(TestId.SwitchPlan);
		await expect.element(plan).toHaveTextContent("Passages 18,240");
		await expect.element(plan).toHaveTextContent("Disk space needed 412 MB");
		await expect.element(plan).toHaveTextContent("Time 2 hr");
		await expectAccessible();
		expect(host.calls.some(({ name }) => name === "use_model")).toBe(false);
		await byId(TestId.SwitchYes).click();
		await expect.element(byId(TestId.Rebuild)).toHaveTextContent("New index with multilingual-e5-small");
		expect(cardElement("all-minilm-l6-v2").textContent).toContain("In use");
	});

	test("can be imported from a file", async () => {
		const host = await openWindow({ models: false, picks: ["/home/ada/all-minilm.safetensors"] });
		await byId(TestId.NavModels).click();
		await byId(TestId.ModelImport).click();
		await expect.element(page.getByText("all-minilm-l6-v2 is installed")).toBeVisible();
		expect(lastRequest(host, "import_model").path).toBe("/home/ada/all-minilm.safetensors");
	});

	test("are not fetched while downloads are off, and one press allows them", async () => {
		await openWindow({ settings: { allow_downloads: false } });
		await byId(TestId.NavModels).click();
		await expect.poll(() => all(TestId.ModelCard).length).toBe(5);
		await expect.element(card("multilingual-e5-small").getByTestId(TestId.ModelFetch)).toBeDisabled();
		await page.getByRole("button", { name: "Allow downloads" }).click();
		await expect.element(card("multilingual-e5-small").getByTestId(TestId.ModelFetch)).toBeEnabled();
	});

	test("the two that are missing are offered where they are missed, and fetched one after the other", async () => {
		await openWindow({ models: false });
		await byId(TestId.ModelFetch).click();
		await expect.poll(() => all(TestId.MissingModels).length).toBe(0);
	});
});

describe("settings", () => {
	test("the language changes at once, everywhere", async () => {
		const host = await openWindow();
		await byId(TestId.NavSettings).click();
		await expectAccessible();
		await byId(TestId.LanguageSelect).getByText("简体中文").click();
		await expect.element(page.getByRole("heading", { name: "设置" })).toBeVisible();
		await expect.element(byId(TestId.NewConversation)).toHaveTextContent("新问题");
		expect(document.documentElement.lang).toBe("zh-CN");
		await expect.poll(() => host.calls.findLast(({ name }) => name === "update_settings")?.req).toEqual({
			language: "zh-CN", theme: null, threads: null, device: null, allow_downloads: null,
			recognition: null, recognition_languages: null,
		}); // biome-ignore format: fields in one line
		await expectAccessible();
	});

	test("the theme changes at once", async () => {
		await openWindow();
		await byId(TestId.NavSettings).click();
		await byId(TestId.ThemeSelect).getByText("Dark").click();
		await expect.poll(() => document.documentElement.dataset.theme).toBe("dark");
		expect(getComputedStyle(document.body).backgroundColor).not.toBe("rgb(255, 255, 255)");
		await expectAccessible();
	});

	test("threads and downloads are kept by the core; a refusal puts them back and says why", async () => {
		const host = await openWindow();
		await byId(TestId.NavSettings).click();
		await byId(TestId.Threads).getByRole("button", { name: "More threads" }).click();
		await expect.element(byId(TestId.Threads)).toHaveTextContent("1");
		host.options.failing = { update_settings: "disk_full" };
		await byId(TestId.AllowDownloads).click();
		await expect.element(byId(TestId.Failure)).toHaveTextContent("The disk is full.");
		await expect.element(byId(TestId.AllowDownloads)).toHaveAttribute("aria-checked", "true");
	});
});

describe("what models are computed on", () => {
	const now = () => expect.element(byId(TestId.DeviceNow));

	test("is said with the reason, and changes at once by choice", async () => {
		const host = await openWindow({ gpu: { name: "NVIDIA H200" } });
		await byId(TestId.NavSettings).click();
		await now().toHaveTextContent("Now the GPU NVIDIA H200. It was found, and it works.");
		await byId(TestId.DeviceSelect).getByText("Processor").click();
		await now().toHaveTextContent("Now the processor, with 8 threads. You chose it.");
		expect(lastRequest(host, "update_settings").device).toBe("cpu");
		await expectAccessible();
	});

	test("that a GPU failed is said with what is lost by it, in both languages", async () => {
		await openWindow({ gpu: { fault: "CUDA_ERROR_OUT_OF_MEMORY" } });
		await byId(TestId.NavSettings).click();
		await now().toHaveTextContent("it does not work. Nothing is lost by that but speed.");
		await expect.element(page.getByText("What went wrong: CUDA_ERROR_OUT_OF_MEMORY")).toBeVisible();
		await byId(TestId.LanguageSelect).getByText("简体中文").click();
		await now().toHaveTextContent("除了速度，不会有任何损失。");
		await expectAccessible();
		await byId(TestId.NavAbout).click();
		const check = () => document.querySelector('[data-check="device"]')?.textContent ?? "";
		await expect.poll(check).toContain("有 GPU，但无法正常工作");
		expect(check()).toContain("CUDA_ERROR_OUT_OF_MEMORY");
		await expectAccessible();
	});

	test("that the GPU cannot take the chat model is no word against the GPU", async () => {
		await openWindow({ gpu: { refusal: "unsupported architecture: mamba" } });
		await byId(TestId.NavSettings).click();
		await now().toHaveTextContent("There is a GPU, but it could not take the chat model in use.");
		await now().not.toHaveTextContent("does not work");
		await expect.element(page.getByText("What went wrong: unsupported architecture: mamba")).toBeVisible();
		await byId(TestId.NavAbout).click();
		const check = () => document.querySelector<HTMLElement>('[data-check="device"]');
		await expect.poll(() => check()?.textContent).toContain("unsupported architecture: mamba");
		expect(check()?.dataset.state).toBe("limited");
	});

	test("is not said before it is known, nor for another choice than the present one", async () => {
		const host = await openWindow({ gpu: { name: "NVIDIA H200" } });
		const call = host.call.bind(host);
		let known: Partial<Device> | null = null;
		host.call = async (name, req) => {
			const res = await call(name, req);
			if (name !== "app_state") return res;
			const state = res as AppState;
			return { ...state, device: known && state.device && { ...state.device, ...known } } as typeof res;
		};
		await byId(TestId.NavSettings).click();
		const tell = (device: Partial<Device> | null) => {
			known = device;
			host.emit({ kind: "changed", tags: ["app"] });
		};
		tell(null);
		await now().toHaveTextContent("Looking for what there is…");
		const asked = () => host.calls.filter(({ name }) => name === "app_state").length;
		const before = asked();
		tell({ choice: "cpu" });
		await expect.poll(asked).toBeGreaterThan(before);
		await now().toHaveTextContent("Looking for what there is…");
		// What the environment says counts for every choice.
		tell({ choice: "cpu", gpu: null, reason: { kind: "cpu_asked" }, overridden: true });
		await now().toHaveTextContent("The variable DOCENT_DEVICE decides this for now");
		await expectAccessible();
	});
});

describe("about this installation", () => {
	test("names everything looked at, and what is missing", async () => {
		await openWindow({ models: false });
		await byId(TestId.NavAbout).click();
		await expect.poll(() => all(TestId.AboutCheck).length).toBe(10);
		await expect.element(page.getByText("Something needed is missing or damaged.")).toBeVisible();
		expect(document.querySelector('[data-check="embedder"]')?.textContent).toContain("Not installed");
		await expectAccessible();
	});
});

test("what the system said in English is marked as such in a window in Chinese", async () => {
	const fault = "CUDA_ERROR_OUT_OF_MEMORY";
	const settings = { language: "zh-CN" } as const;
	await openWindow({ settings, gpu: { fault }, recognition: UNUSABLE_RECOGNITION });
	const english = () => [...document.querySelectorAll('main [lang="en"]')].map((piece) => piece.textContent);
	await byId(TestId.NavAbout).click();
	await expect.poll(english).toEqual([fault]);
	await byId(TestId.NavSettings).click();
	await expect.poll(english).toEqual([fault, UNUSABLE_RECOGNITION.problem]);
});

describe("a library that cannot be opened", () => {
	test.each<Code>(["library_in_use", "library_damaged", "library_too_new"])(
		"%s: says so and tries again",
		async (code) => {
			const host = await openWindow({ failing: { app_state: code } });
			await expect.element(byId(TestId.StartFailure)).toHaveAttribute("data-code", code);
			await expectAccessible();
			host.options.failing = {};
			await page.getByRole("button", { name: "Try again" }).click();
			await expect.element(byId(TestId.AskInput)).toBeVisible();
		},
	);
});

describe("in Chinese and in the dark", () => {
	test("an answer with its citations is readable for everybody", async () => {
		await openWindow({ settings: { language: "zh-CN", theme: "dark" } });
		await answered(QUESTIONS.chinese);
		await expect.element(byId(TestId.Verdict)).toHaveTextContent("在您的文档中找到");
		await expect.element(byId(TestId.Unsupported)).toHaveTextContent("未找到来源");
		await expectAccessible();
		await page.getByTestId(TestId.Citation).first().click();
		await expect.element(byId(TestId.ViewerPlace)).toHaveTextContent("保温 · 第 1 页");
		await expectAccessible();
	});

	test.each(["documents", "models", "about"] as const)("the page %s is, too", async (name) => {
		await openWindow({ settings: { language: "zh-CN", theme: "dark" } });
		const ids = { documents: TestId.AllDocuments, models: TestId.NavModels, about: TestId.NavAbout };
		await byId(ids[name]).click();
		const shown = { documents: TestId.DocumentRow, models: TestId.ModelCard, about: TestId.AboutCheck };
		await expect.poll(() => all(shown[name]).length).toBeGreaterThan(3);
		await expectAccessible();
	});

	test("no English is left in what the window itself says", async () => {
		await openWindow({ folders: [], models: false, settings: { language: "zh-CN" } });
		await expect.element(byId(TestId.Welcome)).toBeVisible();
		const words = (byId(TestId.Welcome).element().textContent ?? "").match(/[A-Za-z][a-z]{3,}/g) ?? [];
		expect(
			words.filter(
				(word) =>
					![
						"docent",
						"Word",
						"Excel",
						"Mini",
						"minilm",
						"smollm",
						"MiniLM",
						"Smol",
						"Instruct",
						"instruct",
						"Apache",
					].includes(word),
			),
		).toEqual([]);
		await userEvent.keyboard("{F1}");
		await expect.element(byId(TestId.Shortcuts)).toHaveTextContent("键盘快捷键");
		await expectAccessible();
	});
});
