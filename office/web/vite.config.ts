import { defineConfig } from "vite";

export default defineConfig({
  build: {
    target: "es2023",
    manifest: true,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: { input: ["index.html", "login.html"] },
  },
});
