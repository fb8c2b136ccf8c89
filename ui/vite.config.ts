/// <reference types="vitest/config" />
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vite";
import { seenRequests, watchRequests } from "./tests/watch.ts";

declare const process: { env: Record<string, string | undefined> };

/**
 * The policy that the shell sends with the window, without its exceptions for styles: what runs
 * under this runs in the window. `vite preview` sends it, so that a breach shows while developing.
 */
const policy = [
	"default-src 'none'",
	"script-src 'self'",
	"style-src 'self'",
	"img-src 'self' blob: data:",
	"font-src 'self'",
	"connect-src 'self'",
	"base-uri 'none'",
	"form-action 'none'",
].join("; ");

export default defineConfig(({ mode }) => ({
	plugins: [svelte()],
	clearScreen: false,
	// Only the demonstration has invented documents in it; the product is built without them.
	define: { __FAKE__: JSON.stringify(mode !== "production") },
	server: { host: "127.0.0.1", port: 1420, strictPort: true },
	preview: { host: "127.0.0.1", port: 1421, headers: { "Content-Security-Policy": policy } },
	build: {
		target: ["safari16", "chrome111"],
		outDir: mode === "demo" ? "dist-demo" : "dist",
		// The policy forbids data: for fonts and scripts.
		assetsInlineLimit: 0,
		modulePreload: { polyfill: false },
	},
	test: {
		include: ["tests/**/*.test.ts", "src/**/*.test.ts"],
		setupFiles: ["tests/setup.ts"],
		// Generous, so that a busy machine makes tests slow and not red. One file after the other: they
		// share the focus of one browser.
		testTimeout: 90_000,
		expect: { poll: { timeout: 20_000 } },
		fileParallelism: false,
		browser: {
			enabled: true,
			headless: true,
			screenshotFailures: false,
			provider: playwright({
				launchOptions: {
					executablePath: process.env.DOCENT_CHROMIUM ?? "/usr/bin/chromium",
					args: ["--no-sandbox", "--disable-gpu"],
				},
			}),
			commands: { watchRequests, seenRequests },
			instances: [{ browser: "chromium", viewport: { width: 1280, height: 800 } }],
		},
	},
}));
