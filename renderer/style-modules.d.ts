/** Style sheets are imported for their effect; they export nothing. */
declare module '*.css';
declare module '@fontsource-variable/inter';
