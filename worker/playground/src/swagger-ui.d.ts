/** What is used of the bundle, which comes without types. */
declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  export default function SwaggerUI(options: {
    readonly url: string;
    readonly dom_id: string;
    readonly deepLinking: boolean;
    readonly tryItOutEnabled: boolean;
    readonly displayRequestDuration: boolean;
    /** How far the list of schemas is open: 0 shows their names. */
    readonly defaultModelsExpandDepth: number;
    readonly validatorUrl: string | null;
  }): void;
}
