/* The page of one picture's explanations: language, theme and help alone. */
MB.keys({});
MB.start();
