import { dominoRecipe } from "./domino.ts";
import { exchangeRecipe } from "./exchange.ts";
import type { ServerRecipe } from "./recipe.ts";

/** Recipes for a generic server, by name. */
export const serverRecipes: readonly ServerRecipe[] = [exchangeRecipe, dominoRecipe];
